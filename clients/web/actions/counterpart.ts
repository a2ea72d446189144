/** Which commit of one machine stands beside which of the other, learnt line by line from a comparison. */
import type { ComparedCommand } from '../../../protocol/compare/form.ts';

export interface Counterparts {
  take(line: Pick<ComparedCommand, 'a' | 'b'>): void;
  /** Of b, after which what was done in a up to `commit` is done; what b lacks is passed over. Beyond what is known they go on in step. */
  ofA(commit: number): number;
  ofB(commit: number): number;
}

export function openCounterparts(): Counterparts {
  /** At n: how far the other one is after commit n of this one. */
  const [a, b] = [[0], [0]];
  let at = { a: 0, b: 0 };
  return {
    take(line) {
      at = { a: line.a?.number ?? at.a, b: line.b?.number ?? at.b };
      a[at.a] = at.b;
      b[at.b] = at.a;
    },
    ofA: (commit) => other(a, commit),
    ofB: (commit) => other(b, commit),
  };
}

function other(known: readonly number[], commit: number): number {
  const last = known.length - 1;
  if (commit > last) return (known[last] ?? 0) + commit - last;
  // A log that was trimmed begins later.
  return known[Math.max(0, commit)] ?? 0;
}
