/** Commits along the width of the timeline, as shares of it: 0 before the first commit, 1 at the newest. */

export interface Axis {
  /** The position before the first commit that is kept. */
  readonly from: number;
  readonly to: number;
}

/** 0 to 1. */
export function shareOf({ from, to }: Axis, commit: number): number {
  return to <= from ? 1 : Math.min(1, Math.max(0, (commit - from) / (to - from)));
}

/** The commit nearest to a share; what lies beyond the ends is the end. */
export function commitAt({ from, to }: Axis, share: number): number {
  return Math.round(from + Math.min(1, Math.max(0, share)) * (to - from));
}
