/** Which bits a patch turned over. */

export interface ByteChange {
  /** Offset from the patched address. */
  readonly index: number;
  /** Bits that differ, 1 to 0xff. */
  readonly mask: number;
}

export interface WordChange {
  /** Number of the 32-bit little-endian word. */
  readonly index: number;
  /** Bits that differ, unsigned. */
  readonly mask: number;
}

export interface ChangedBits {
  readonly bytes: readonly ByteChange[];
  /** For arm64, whose instructions are words. A last word that is not whole counts with zeroes. */
  readonly words: readonly WordChange[];
  /** Bits in all. */
  readonly count: number;
}

/** Both as hex digits in memory order. Of bytes that only one of them has, every bit counts as changed. */
export function changedBits(before: string, after: string): ChangedBits {
  const length = Math.max(before.length, after.length) >> 1;
  const bytes: ByteChange[] = [];
  const masks: number[] = [];
  let count = 0;
  for (let index = 0; index < length; index++) {
    const mask = differing(byteAt(before, index), byteAt(after, index));
    if (mask === 0) continue;
    bytes.push({ index, mask });
    const word = index >> 2;
    masks[word] = ((masks[word] ?? 0) | (mask << ((index & 3) * 8))) >>> 0;
    for (let left = mask; left !== 0; left &= left - 1) count++;
  }
  const words = masks.flatMap((mask, index) => (mask === 0 ? [] : [{ index, mask }]));
  return { bytes, words, count };
}

const differing = (a: number, b: number): number => (Number.isNaN(a) || Number.isNaN(b) ? 0xff : a ^ b);

const byteAt = (hex: string, index: number): number => Number.parseInt(hex.slice(index * 2, index * 2 + 2), 16);
