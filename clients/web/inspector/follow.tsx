/** A call followed over live memory, hop by hop, to where it arrives or traps. */
import type { ComponentChildren } from 'preact';
import { useMemo } from 'preact/hooks';
import { fromHex } from '../../../protocol/address.ts';
import { counted } from '../../../protocol/count.ts';
import type { Instruction, TraceAnswer } from '../../../protocol/inspect.ts';
import type { NameOf } from '../asm/types.ts';
import type { Model } from '../model/model.ts';
import { Address } from '../ui/address.tsx';
import { ClassMark } from '../ui/class-mark.tsx';
import { Code, isLit } from '../ui/code.tsx';
import { lights } from '../ui/lights.ts';
import { Notes } from './notes.tsx';
import { codeOf, useNames } from './use-names.ts';
import { HOP_WORDS } from './words.ts';

export interface FollowProps {
  readonly model: Model;
  readonly trace: TraceAnswer;
  /** The module of which is said above that its file is not there. */
  readonly said: string | null;
}

export function Follow({ model, trace, said }: FollowProps) {
  const code = useMemo(
    () => codeOf([...trace.hops.flatMap(({ instructions }) => instructions), ...(trace.end?.instructions ?? [])]),
    [trace],
  );
  const nameOf = useNames(model, code);
  const { hops, branches, class: kind, end, expected, arrives, notes } = trace;
  return (
    <>
      <p>
        <ClassMark name={kind} /> {counted(branches, 'branch', 'branches')}
      </p>
      <ol class="hops">
        {hops.map(({ place, instructions, reads }) => (
          <Hop
            key={instructions[0]?.address ?? place}
            title={HOP_WORDS[place]}
            instructions={instructions}
            nameOf={nameOf}
          >
            {reads.map(({ address, value }) => (
              <p key={address} class="reads">
                reads <Address address={fromHex(value)} /> at <Address address={fromHex(address)} />
              </p>
            ))}
          </Hop>
        ))}
        {end === null ? (
          <li class={kind === 'none' ? 'hop' : 'hop trap'}>
            <p>{kind === 'none' ? 'Nothing is called.' : '✕ It traps here: a real kernel would stop.'}</p>
          </li>
        ) : (
          <Hop
            title="arrives at"
            symbol={end.symbol}
            at={fromHex(end.address)}
            instructions={end.instructions}
            nameOf={nameOf}
          />
        )}
      </ol>
      {arrives === false && (
        <p class="astray">
          ✕ It does not arrive where the key says
          {expected && (
            <>
              : <Address address={fromHex(expected)} />
            </>
          )}
        </p>
      )}
      <Notes notes={notes} said={said} />
    </>
  );
}

interface HopProps {
  readonly title: string;
  readonly instructions: readonly Instruction[];
  readonly nameOf: NameOf;
  readonly symbol?: string | null;
  readonly at?: number;
  readonly children?: ComponentChildren;
}

function Hop({ title, instructions, nameOf, symbol = instructions[0]?.symbol ?? null, at, children }: HopProps) {
  const address = at ?? fromHex(instructions[0]?.address ?? '');
  const on = lights({ kind: 'address', address });
  return (
    <li class={isLit(address) ? 'hop lit' : 'hop'} {...on}>
      <p>
        <span class="hop-place">{title}</span> <Address address={address} />{' '}
        {symbol !== null && <span class="mono symbol">{symbol}</span>}
      </p>
      {instructions.length > 0 && (
        <ul class="hop-code">
          {instructions.map((one) => (
            <li key={one.address}>
              <Code text={one.text} nameOf={nameOf} />
            </li>
          ))}
        </ul>
      )}
      {children}
    </li>
  );
}
