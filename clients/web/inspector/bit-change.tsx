/** The bits that a write turned over, old above new: words of arm64, bytes of x86-64. */
import type { Arch } from '../asm/types.ts';
import { useAsm } from '../ui/asm.ts';

export interface BitChangeProps {
  readonly arch: Arch;
  /** Hex digits in memory order. */
  readonly before: string;
  readonly after: string;
}

/** Bytes that are shown as one value. */
const UNIT: Readonly<Record<Arch, number>> = { arm64: 4, 'x86-64': 1 };

export function BitChange({ arch, before, after }: BitChangeProps) {
  const asm = useAsm();
  if (asm === null) return null;
  const size = UNIT[arch];
  const { words, bytes, count } = asm.changedBits(before, after);
  const masks = new Map((arch === 'arm64' ? words : bytes).map(({ index, mask }) => [index, mask]));
  const units = Math.max(before.length, after.length) / 2 / size;
  return (
    <figure class={`bit-change bit-change-${arch}`}>
      <figcaption>
        {count === 1 ? '1 bit' : `${count} bits`} of {units * size * 8} changed
      </figcaption>
      <div class="bit-units" aria-hidden="true">
        {Array.from({ length: units }, (_, index) => (
          <div key={index} class="bit-unit">
            <Digits value={valueAt(before, index, size)} mask={masks.get(index) ?? 0} bits={size * 8} />
            <Digits value={valueAt(after, index, size)} mask={masks.get(index) ?? 0} bits={size * 8} />
          </div>
        ))}
      </div>
    </figure>
  );
}

/** Little-endian, as both architectures store instructions. */
function valueAt(hex: string, index: number, size: number): number {
  const pairs = hex.slice(index * size * 2, (index + 1) * size * 2).match(/../g) ?? [];
  return pairs.reduceRight((value, pair) => value * 256 + Number.parseInt(pair, 16), 0);
}

function Digits({ value, mask, bits }: { readonly value: number; readonly mask: number; readonly bits: number }) {
  const text = value.toString(2).padStart(bits, '0');
  const changed = mask.toString(2).padStart(bits, '0');
  return (
    <div class="bit-row">
      {[...text].map((digit, index) => (
        <span key={index} class={changed[index] === '1' ? 'bit changed' : 'bit'}>
          {digit}
        </span>
      ))}
    </div>
  );
}
