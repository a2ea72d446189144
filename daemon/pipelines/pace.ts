/** How fast recorded commits are played. */
import type { Commit } from '../../protocol/commit.ts';

/** `instant`, `original`, `xN` (N times as fast), or `even` over a minute. */
export type Pace =
  | { readonly kind: 'instant' }
  | { readonly kind: 'original'; readonly factor: number }
  | { readonly kind: 'even'; readonly totalMs: number };

export const EVEN: Pace = { kind: 'even', totalMs: 60_000 };

/** Undefined for a word that is none of them. */
export function parsePace(word: string): Pace | undefined {
  if (word === 'instant') return { kind: 'instant' };
  if (word === 'original') return { kind: 'original', factor: 1 };
  if (word === 'even') return EVEN;
  const factor = /^x(\d+(?:\.\d+)?)$/.exec(word)?.[1];
  return factor !== undefined && Number(factor) > 0 ? { kind: 'original', factor: Number(factor) } : undefined;
}

/** What a schedule has to know of a recorded commit. */
type Recorded = Pick<Commit, 'number' | 'time'>;

/** Milliseconds from the play's first commit until `commit` is due; `commits` in all. */
export function dueAfter(pace: Pace, first: Recorded, commit: Recorded, commits: number): number {
  switch (pace.kind) {
    case 'instant':
      return 0;
    case 'original':
      return Math.max(0, commit.time - first.time) / pace.factor;
    case 'even':
      return ((commit.number - first.number) * pace.totalMs) / commits;
  }
}
