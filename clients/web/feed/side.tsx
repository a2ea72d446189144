/** One side of a patch: its instructions, each behind its word or bytes, of which those digits stand out that the patch changed. */
import { fromHex, type Hex } from '../../../protocol/address.ts';
import type { EventOf } from '../../../protocol/events/index.ts';
import type { Arch } from '../asm/types.ts';
import { useAsm } from '../ui/asm.ts';
import { Code } from '../ui/code.tsx';
import { changedDigits, type Digits } from './digits.ts';
import { nameOf } from './names.ts';

export interface SideProps {
  readonly arch: Arch;
  readonly event: EventOf<'StaticCallPatched'>;
  /** 0: before. */
  readonly which: 0 | 1;
}

export function Side({ arch, event, which }: SideProps) {
  const asm = useAsm();
  const text = event.text[which];
  const count = text.split('; ').length;
  const lines =
    asm === null
      ? [{ address: event.address, bytes: event.bytes[which], text }]
      : asm.split(arch, { address: event.address, bytes: event.bytes[which], text }).slice(0, count);
  const changes = asm?.changedBits(event.bytes[0], event.bytes[1]);
  return (
    <div class={which === 0 ? 'side before' : 'side after'}>
      <span class="sr-only">{which === 0 ? 'before: ' : 'after: '}</span>
      {lines.map((line) => {
        const digits = changedDigits(arch, line.bytes, offset(line.address, event.address), changes?.bytes ?? []);
        return (
          <p key={line.address} class="side-line" title={line.text}>
            <Word digits={digits} />
            <Code text={line.text} nameOf={nameOf} tabIndex={-1} />
          </p>
        );
      })}
    </div>
  );
}

const offset = (address: Hex, from: string): number => fromHex(address) - fromHex(from);

function Word({ digits }: { readonly digits: Digits }) {
  return (
    <code class="word">
      {digits.map(({ text, changed, at }) => (changed ? <b key={at}>{text}</b> : <span key={at}>{text}</span>))}
    </code>
  );
}
