/** What moves: patches that flash, areas that came, areas that went. Times are milliseconds as performance.now() has them. */

import type { Areas } from '../model/scene.ts';

/** A patch is bright for so long, then its trace fades. */
export const BRIGHT_MS = 500;
export const TRACE_MS = 3500;
export const MOVE_MS = 450;
/** Above so many at once nobody sees one of them: they are there at once. */
const MOVES_MAX = 160;
const FLASHES_MAX = 600;

export interface Flash {
  readonly address: number;
  readonly since: number;
}

export interface Move {
  readonly what: 'came' | 'went';
  readonly start: number;
  readonly end: number;
  /** Index into AREA_KINDS. */
  readonly kind: number;
  readonly since: number;
}

export const flashesOf = (patched: Float64Array, now: number): readonly Flash[] =>
  Array.from(patched, (address) => ({ address, since: now }));

/** Those that still show. */
export function still<T extends { readonly since: number }>(list: readonly T[], now: number, ms: number): readonly T[] {
  return list.filter(({ since }) => now - since < ms).slice(-FLASHES_MAX);
}

/** Areas of one table that the other has not: the same address, size and kind is the same area. Empty where it is too much. */
export function movesOf(before: Areas, after: Areas, now: number): readonly Move[] {
  const moves: Move[] = [];
  const note = (what: Move['what'], { address, size, kind }: Areas, i: number): void => {
    const start = address[i]!;
    moves.push({ what, start, end: start + size[i]!, kind: kind[i]!, since: now });
  };
  let a = 0;
  let b = 0;
  while (a < before.address.length || b < after.address.length) {
    if (moves.length > MOVES_MAX) return [];
    const old = before.address[a] ?? Number.POSITIVE_INFINITY;
    const young = after.address[b] ?? Number.POSITIVE_INFINITY;
    if (old < young) note('went', before, a++);
    else if (young < old) note('came', after, b++);
    else {
      if (before.size[a] !== after.size[b]) {
        note('went', before, a);
        note('came', after, b);
      }
      a++;
      b++;
    }
  }
  return moves;
}
