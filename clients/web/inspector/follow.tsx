/** A call followed over live memory, hop by hop, to where it arrives or traps. */
import type { ComponentChildren } from 'preact';
import { fromHex } from '../../../protocol/address.ts';
import { counted } from '../../../protocol/count.ts';
import type { Instruction, TraceAnswer } from '../../../protocol/inspect.ts';
import { hover } from '../state/app.ts';
import { Address } from '../ui/address.tsx';
import { CLASS_WORDS, ClassMark } from '../ui/class-mark.tsx';
import { Code, isLit } from '../ui/code.tsx';
import { HOP_WORDS } from './words.ts';

export function Follow({ trace }: { readonly trace: TraceAnswer }) {
  const { hops, branches, class: kind, end, expected, arrives, notes } = trace;
  return (
    <>
      <p class={`follow-sum class-${kind}`}>
        <ClassMark name={kind} /> <strong>{CLASS_WORDS[kind].name}</strong>: {counted(branches, 'branch', 'branches')}
      </p>
      <ol class="hops">
        {hops.map(({ place, instructions, reads }) => (
          <Hop key={instructions[0]?.address ?? place} title={HOP_WORDS[place]} instructions={instructions}>
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
          <Hop title="arrives at" symbol={end.symbol} at={fromHex(end.address)} instructions={end.instructions} />
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
      {notes.length > 0 && (
        <ul class="notes" aria-label="Notes">
          {notes.map((note) => (
            <li key={note}>{note}</li>
          ))}
        </ul>
      )}
    </>
  );
}

interface HopProps {
  readonly title: string;
  readonly instructions: readonly Instruction[];
  readonly symbol?: string | null;
  readonly at?: number;
  readonly children?: ComponentChildren;
}

function Hop({ title, instructions, symbol = instructions[0]?.symbol ?? null, at, children }: HopProps) {
  const address = at ?? fromHex(instructions[0]?.address ?? '');
  const light = (): void => {
    hover.value = { kind: 'address', address };
  };
  const dark = (): void => {
    hover.value = null;
  };
  return (
    <li class={isLit(address) ? 'hop lit' : 'hop'} onPointerEnter={light} onPointerLeave={dark}>
      <p>
        <span class="hop-place">{title}</span> <Address address={address} />{' '}
        {symbol !== null && <span class="mono symbol">{symbol}</span>}
      </p>
      {instructions.length > 0 && (
        <ul class="hop-code">
          {instructions.map((one) => (
            <li key={one.address}>
              <Code text={one.text} />
            </li>
          ))}
        </ul>
      )}
      {children}
    </li>
  );
}
