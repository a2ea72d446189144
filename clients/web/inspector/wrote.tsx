/** What wrote what stands there: every write since the module was loaded, oldest first, each with its command and its reason. */
import { useMemo } from 'preact/hooks';
import { fromHex } from '../../../protocol/address.ts';
import { counted } from '../../../protocol/count.ts';
import type { RelocationAnswer, WhyAnswer, Write } from '../../../protocol/inspect.ts';
import type { Arch, NameOf } from '../asm/types.ts';
import type { Model } from '../model/model.ts';
import { Address } from '../ui/address.tsx';
import { AtomicityMark } from '../ui/atomicity.tsx';
import { ClassMark } from '../ui/class-mark.tsx';
import { Code } from '../ui/code.tsx';
import { Reach } from '../ui/reach.tsx';
import { CommitLink, OwnerLink } from './links.tsx';
import { Named } from './named.tsx';
import { Notes } from './notes.tsx';
import { useNames } from './use-names.ts';
import { WRITE_WORDS } from './words.ts';

export interface WroteProps {
  readonly model: Model;
  readonly arch: Arch;
  readonly why: WhyAnswer;
  /** The module of which is said above that its file is not there. */
  readonly said?: string | null;
}

export function Wrote({ model, arch, why: { writes, notes, bytes }, said = null }: WroteProps) {
  const code = useMemo(() => {
    const texts = writes.flatMap(({ text }) => text.filter((one) => one !== null));
    return { texts, told: new Map() };
  }, [writes]);
  const nameOf = useNames(model, code);
  return (
    <>
      {writes.length === 0 && (
        <p class="dim">
          {bytes === null
            ? 'No event wrote here.'
            : 'As the loader left it: no event has written here since the module was loaded.'}
        </p>
      )}
      <ol class="writes">
        {writes.map((write) => (
          <WriteRow
            key={`${write.commit} ${write.address} ${write.what} ${write.bytes[1]}`}
            arch={arch}
            write={write}
            nameOf={nameOf}
          />
        ))}
      </ol>
      <Notes notes={notes} said={said} />
    </>
  );
}

interface WriteRowProps {
  readonly arch: Arch;
  readonly write: Write;
  readonly nameOf: NameOf;
}

function WriteRow({ arch, write, nameOf }: WriteRowProps) {
  const { what, commit, cause, bytes, text, reason, relocation, veneer, patch } = write;
  const [before, after] = [text[0] ?? bytes[0], text[1] ?? bytes[1]];
  return (
    <li class={`write write-${what}`}>
      <p class="write-head">
        <CommitLink commit={commit} /> <span class="write-what">{WRITE_WORDS[what]}</span>{' '}
        <span class="write-cause">{cause}</span>
      </p>
      <p class="change">
        {before !== null && (
          <del>
            <Instructions text={before} nameOf={nameOf} />
          </del>
        )}
        <ins>
          <Instructions text={after} nameOf={nameOf} />
        </ins>
      </p>
      <p class="reason">{reason}</p>
      {relocation && <Relocation relocation={relocation} />}
      {veneer && (
        <p>
          asked for by the branch at <Address address={fromHex(veneer.site)} />{' '}
          <Reach arch={arch} distance={veneer.distance} />
        </p>
      )}
      {veneer?.asked && <Relocation relocation={veneer.asked} />}
      {patch && (
        <p>
          <ClassMark name={patch.class} /> {counted(patch.hops[1], 'branch', 'branches')}
          {patch.distance !== null && <Reach arch={arch} distance={patch.distance} />}{' '}
          <AtomicityMark name={patch.atomicity} />
        </p>
      )}
    </li>
  );
}

const QUAD = /^\.quad (0x[0-9a-f]{16})$/;

/** Each on a line of its own; data that is an address as that. */
function Instructions({ text, nameOf }: { readonly text: string; readonly nameOf: NameOf }) {
  const address = QUAD.exec(text)?.[1];
  if (address !== undefined && fromHex(address) !== 0) {
    return (
      <span>
        <Named address={fromHex(address)} />
      </span>
    );
  }
  return (
    <>
      {text.split('; ').map((one, index) => (
        <Code key={`${index}${one}`} text={one} nameOf={nameOf} />
      ))}
    </>
  );
}

function Relocation({ relocation }: { readonly relocation: RelocationAnswer }) {
  const { type, symbol, addend, section, offset, from, veneer } = relocation;
  const sign = addend < 0 ? '−' : '+';
  return (
    <p class="relocation">
      <code>
        {type} {symbol}
        {addend !== 0 && ` ${sign} 0x${Math.abs(addend).toString(16)}`}
      </code>{' '}
      in {section}+0x{offset.toString(16)}
      {from !== null && (
        <>
          {' '}
          of <OwnerLink name={from} />
        </>
      )}
      {veneer !== null && (
        <>
          {' '}
          by <Address address={fromHex(veneer)} />
        </>
      )}
    </p>
  );
}
