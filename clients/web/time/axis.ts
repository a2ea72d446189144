/** Commits along the width of the timeline, as shares of it: 0 before the first commit, 1 at the newest. */

export interface Axis {
  /** The position before the first commit that is kept. */
  readonly from: number;
  readonly to: number;
}

/** Commits that a history may lack, as a share of those that it has, before the axis goes beyond its end. */
const LACKING = 0.1;

/** The axis of a history while commits come: to move it with each of them would be to draw all curves anew. */
export function axisOf(
  history: { readonly first: number; readonly position: { readonly commit: number } } | null,
  head: number,
): Axis {
  if (history === null) return { from: 0, to: head };
  const from = history.first - 1;
  const known = history.position.commit;
  return { from, to: head - known <= (known - from) * LACKING ? known : head };
}

/** 0 to 1. */
export function shareOf({ from, to }: Axis, commit: number): number {
  return to <= from ? 1 : Math.min(1, Math.max(0, (commit - from) / (to - from)));
}

/** The commit nearest to a share; what lies beyond the ends is the end. */
export function commitAt({ from, to }: Axis, share: number): number {
  return Math.round(from + Math.min(1, Math.max(0, share)) * (to - from));
}
