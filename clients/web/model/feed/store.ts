/**
 * The groups of one stretch of the log, oldest first, and where each of them is on a page that shows the newest first. It
 * grows at both ends; what is beyond its bounds is let go of by whole commits.
 */
import type { FeedRow, Where } from './form.ts';
import { type Group, heightOf, rowOf, rowsOf } from './group.ts';

/** Rows that are kept; the one commit that may have more is kept whole. */
export const KEPT = 20_000;
/** So many more are let grow before it is cut: to cut is to move all. */
const SLACK = 2_000;

interface Placed {
  readonly group: Group;
  /** CSS pixels from somewhere, upwards: newer groups have larger ones. */
  readonly start: number;
  readonly end: number;
}

export interface Store {
  readonly rows: number;
  readonly patches: number;
  readonly height: number;
  /** The oldest commit that has a row. */
  readonly oldest: number | undefined;
  /** Newer than all that are there. The number of the newest commit that was let go of, if any was. */
  append(group: Group): number | undefined;
  /** Older than all that are there. The number of the newest commit that there was no room for, if any. */
  prepend(groups: readonly Group[]): number | undefined;
  /** Lets go of what is newer than a commit. */
  cut(commit: number): void;
  clear(): void;
  open(commits: ReadonlySet<number>): void;
  window(top: number, height: number): FeedRow[];
  /** The head of a commit; the patch at an address, where one of its rows is that. */
  where(commit: number, address: string | null): Where | null;
}

export function openStore(): Store {
  let placed: Placed[] = [];
  let opened: ReadonlySet<number> = new Set();
  let rows = 0;
  let patches = 0;

  const top = (): number => placed.at(-1)?.end ?? 0;
  const bottom = (): number => placed[0]?.start ?? 0;

  function place(group: Group, start: number): Placed {
    return { group, start, end: start + heightOf(group, opened.has(group.commit)) };
  }

  function count(groups: readonly Placed[], sign: 1 | -1): void {
    for (const { group } of groups) {
      rows += sign * group.entries.length;
      patches += sign * group.patches;
    }
  }

  function dropOldest(most: number): number | undefined {
    let gone = 0;
    let left = rows;
    while (left > most && gone < placed.length - 1) left -= placed[gone++]?.group.entries.length ?? 0;
    if (gone === 0) return undefined;
    const dropped = placed.slice(0, gone);
    count(dropped, -1);
    placed = placed.slice(gone);
    return dropped.at(-1)?.group.commit;
  }

  /** The first one of which it holds; of those after it, it has to hold too. */
  function firstWith(holds: (each: Placed) => boolean): number {
    let low = 0;
    let high = placed.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const each = placed[middle];
      if (each !== undefined && holds(each)) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  return {
    get rows() {
      return rows;
    },
    get patches() {
      return patches;
    },
    get height() {
      return top() - bottom();
    },
    get oldest() {
      return placed[0]?.group.commit;
    },

    append(group) {
      const one = place(group, top());
      placed.push(one);
      count([one], 1);
      return rows > KEPT + SLACK ? dropOldest(KEPT) : undefined;
    },

    prepend(groups) {
      let end = bottom();
      const older: Placed[] = [];
      for (const group of groups.toReversed()) {
        const tall = heightOf(group, opened.has(group.commit));
        older.push({ group, start: end - tall, end });
        end -= tall;
      }
      older.reverse();
      placed = [...older, ...placed];
      count(older, 1);
      return rows > KEPT ? dropOldest(KEPT) : undefined;
    },

    cut(commit) {
      const from = firstWith(({ group }) => group.commit > commit);
      count(placed.slice(from), -1);
      placed = placed.slice(0, from);
    },

    clear() {
      placed = [];
      rows = 0;
      patches = 0;
    },

    open(commits) {
      opened = commits;
      let start = bottom();
      placed = placed.map(({ group }) => {
        const one = place(group, start);
        start = one.end;
        return one;
      });
    },

    window(from, height) {
      const zero = top();
      const found: FeedRow[] = [];
      // Downwards on the page is towards older groups.
      for (let i = firstWith(({ start }) => start >= zero - from) - 1; i >= 0; i--) {
        const each = placed[i];
        if (each === undefined) break;
        const y = zero - each.end;
        if (y >= from + height) break;
        found.push(...rowsOf(each.group, opened.has(each.group.commit), y, from, from + height));
      }
      return found;
    },

    where(commit, address) {
      const each = placed[firstWith(({ group }) => group.commit >= commit)];
      if (each?.group.commit !== commit) return null;
      return rowOf(each.group, opened.has(commit), top() - each.end, address);
    },
  };
}
