/**
 * Command ids that were met, for files with millions of them: 12 bytes of each one's sha256 in a table that grows, 18 to
 * 36 bytes an id. Two ids that agree in 96 bits of a sha256 are one.
 */
import { createHash } from 'node:crypto';

const WORDS = 3;
const START_SLOTS = 1 << 10;
/** Slots for each id, at least. */
const ROOM = 1.5;

export interface IdSet {
  /** False if it was there before. */
  add(id: string): boolean;
}

export function openIdSet(): IdSet {
  let slots = START_SLOTS;
  let table = new Uint32Array(slots * WORDS);
  let count = 0;

  /** The slot of a hash, or the free one where it belongs. */
  function slotOf(a: number, b: number, c: number): number {
    for (let slot = c % slots; ; slot = (slot + 1) % slots) {
      const at = slot * WORDS;
      if (table[at] === 0 || (table[at] === a && table[at + 1] === b && table[at + 2] === c)) return at;
    }
  }

  function put(at: number, a: number, b: number, c: number): void {
    table[at] = a;
    table[at + 1] = b;
    table[at + 2] = c;
  }

  function grow(): void {
    const old = table;
    slots *= 2;
    table = new Uint32Array(slots * WORDS);
    for (let at = 0; at < old.length; at += WORDS) {
      const [a = 0, b = 0, c = 0] = old.subarray(at, at + WORDS);
      if (a !== 0) put(slotOf(a, b, c), a, b, c);
    }
  }

  return {
    add(id) {
      const hash = createHash('sha256').update(id).digest();
      // 0 is a free slot.
      const a = hash.readUInt32LE(0) || 1;
      const b = hash.readUInt32LE(4);
      const c = hash.readUInt32LE(8);
      const at = slotOf(a, b, c);
      if (table[at] !== 0) return false;
      put(at, a, b, c);
      count++;
      if (count * ROOM > slots) grow();
      return true;
    },
  };
}
