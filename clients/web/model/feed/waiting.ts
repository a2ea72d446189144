/** What happened while the feed is held: kept as far as the feed would keep it, and counted. */
import type { Group } from './group.ts';
import { KEPT } from './store.ts';

export interface Waiting {
  /** All that came, also what is not kept. */
  readonly rows: number;
  add(group: Group): void;
  /** What is kept, oldest first, and the newest commit that is not; begins anew. */
  take(): { readonly groups: readonly Group[]; readonly lost: number | undefined };
  clear(): void;
}

export function openWaiting(): Waiting {
  let groups: Group[] = [];
  let rows = 0;
  let kept = 0;
  let lost: number | undefined;

  function clear(): void {
    groups = [];
    rows = 0;
    kept = 0;
    lost = undefined;
  }

  return {
    get rows() {
      return rows;
    },
    add(group) {
      groups.push(group);
      rows += group.entries.length;
      kept += group.entries.length;
      if (kept <= 2 * KEPT) return;
      let gone = 0;
      while (kept > KEPT && gone < groups.length - 1) kept -= groups[gone++]?.entries.length ?? 0;
      lost = groups[gone - 1]?.commit;
      groups = groups.slice(gone);
    },
    take() {
      const taken = { groups, lost };
      clear();
      return taken;
    },
    clear,
  };
}
