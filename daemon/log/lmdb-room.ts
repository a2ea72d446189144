/**
 * Room on the disk. A write of LMDB's that fails there can end the whole process (its text about it is longer than the
 * memory that it takes for it), so nothing new is written while little is left; what gives room back may use the rest.
 */
import { cantWrite, freeIn } from './lmdb-errors.ts';

/** Bytes that stay free. */
const RESERVE_BYTES = 2 << 20;
/** Bytes that are written between two looks at the disk, at most: others write there too. */
const LOOK_BYTES = 16 << 20;
/** A write touches pages besides its own: the trees above them, and the list of free ones. */
const PAGES_BYTES = 64 << 10;

export interface Room {
  /** Room for a write of so many bytes. @throws StoreError `store-unavailable` where there is none */
  take(bytes: number): void;
}

export function openRoom(path: string): Room {
  let left = 0;
  return {
    take(bytes) {
      const needed = bytes + PAGES_BYTES;
      if (left < needed) left = Math.min(freeIn(path) - RESERVE_BYTES, Math.max(LOOK_BYTES, needed));
      if (left < needed) throw cantWrite(path, 'the disk is full but for what LMDB needs to go on');
      left -= needed;
    },
  };
}
