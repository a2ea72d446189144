/**
 * The lines beside a listing that join a branch to its target. Branches that would cross get lanes of their own, short ones
 * nearest to the code; what finds no lane is not drawn.
 */

export interface Jump {
  /** Row numbers. */
  readonly from: number;
  readonly to: number;
}

export interface Drawn extends Jump {
  /** 0 is nearest to the code. */
  readonly lane: number;
  /** All jumps to one row have one colour: 0 to COLOURS - 1. */
  readonly colour: number;
}

export const LANES = 4;
export const COLOURS = 4;

export function layOut(jumps: readonly Jump[]): readonly Drawn[] {
  const targets = [...new Set(jumps.map(({ to }) => to))].sort((a, b) => a - b);
  const lanes: Jump[][] = Array.from({ length: LANES }, () => []);
  const drawn: Drawn[] = [];
  for (const jump of [...jumps].sort((a, b) => length(a) - length(b))) {
    const lane = lanes.findIndex((taken) => taken.every((other) => !cross(other, jump)));
    if (lane < 0) continue;
    lanes[lane]?.push(jump);
    drawn.push({ ...jump, lane, colour: targets.indexOf(jump.to) % COLOURS });
  }
  return drawn;
}

const length = ({ from, to }: Jump): number => Math.abs(from - to);

/** Two that lead to one row may share the lane. */
function cross(a: Jump, b: Jump): boolean {
  if (a.to === b.to) return false;
  return (
    Math.max(Math.min(a.from, a.to), Math.min(b.from, b.to)) <= Math.min(Math.max(a.from, a.to), Math.max(b.from, b.to))
  );
}
