import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { FeedRow } from '../../../clients/web/model/feed/form.ts';
import { type Group, rowsOf } from '../../../clients/web/model/feed/group.ts';
import { KEPT, openStore } from '../../../clients/web/model/feed/store.ts';

/** A commit of that many rows. */
const groupWith = (commit: number, rows: number): Group => ({
  commit,
  time: commit * 1000,
  words: 'load x.ko',
  entries: Array.from({ length: rows }, (_, i) => ({
    kind: 'note',
    note: { text: `${commit} ${i}`, tone: 'plain', module: null },
  })),
  patches: 0,
  stops: 0,
});

/** All rows, newest commit first, one below the other. */
function laidOut(groups: readonly Group[], open: ReadonlySet<number>): FeedRow[] {
  const rows: FeedRow[] = [];
  for (const group of [...groups].reverse()) {
    const last = rows.at(-1);
    const y = last === undefined ? 0 : last.top + last.height;
    rows.push(...rowsOf(group, open.has(group.commit), y, 0, Number.POSITIVE_INFINITY));
  }
  return rows;
}

const step = fc.oneof(
  fc.record({ do: fc.constant('append' as const), rows: fc.integer({ min: 1, max: 40 }) }),
  fc.record({
    do: fc.constant('prepend' as const),
    sizes: fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 5 }),
  }),
  fc.record({ do: fc.constant('cut' as const), commits: fc.integer({ min: 0, max: 3 }) }),
  fc.record({ do: fc.constant('open' as const), commit: fc.integer({ min: 990, max: 1010 }) }),
);

it('PAGE-30: rows stand one below the other, newest commit first, whatever stretch of them is asked for', () => {
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 30 }),
      fc.integer({ min: 0, max: 3000 }),
      fc.integer({ min: 1, max: 800 }),
      (steps, top, height) => {
        const store = openStore();
        let groups: Group[] = [];
        const open = new Set<number>();
        for (const each of steps) {
          const newest = groups.at(-1)?.commit ?? 1000;
          const oldest = groups[0]?.commit ?? 1001;
          switch (each.do) {
            case 'append':
              groups.push(groupWith(newest + 1, each.rows));
              store.append(groups.at(-1) as Group);
              break;
            case 'prepend': {
              const older = each.sizes.map((rows, i) => groupWith(oldest - each.sizes.length + i, rows));
              groups = [...older, ...groups];
              store.prepend(older);
              break;
            }
            case 'cut':
              groups = groups.filter(({ commit }) => commit <= newest - each.commits);
              store.cut(newest - each.commits);
              break;
            case 'open':
              open.add(each.commit);
              store.open(new Set(open));
          }
        }
        const all = laidOut(groups, open);
        const bottom = all.at(-1);
        expect(store.height).toBe(bottom === undefined ? 0 : bottom.top + bottom.height);
        expect(store.rows).toBe(groups.reduce((sum, { entries }) => sum + entries.length, 0));
        expect(store.window(top, height)).toEqual(
          all.filter((row) => row.top < top + height && row.top + row.height > top),
        );
        for (const { commit } of groups) {
          const head = all.find((row) => row.kind === 'commit' && row.commit === commit);
          expect(store.where(commit, null)).toEqual({ id: `${commit}`, top: head?.top, height: head?.height });
        }
        expect(store.where(5000, null)).toBeNull();
      },
    ),
  );
});

it('PAGE-35: what is farthest from the position is let go of, by whole commits, and the store says from where on', () => {
  const store = openStore();
  let dropped = 0;
  for (let commit = 1; commit <= KEPT; commit++) dropped = store.append(groupWith(commit, 3)) ?? dropped;
  expect(store.rows).toBeGreaterThanOrEqual(KEPT - 3);
  expect(store.rows).toBeLessThan(KEPT * 1.5);
  expect(store.oldest).toBe(dropped + 1);
  expect(store.rows).toBe((KEPT - dropped) * 3);

  const back = openStore();
  const older = Array.from({ length: KEPT }, (_, i) => groupWith(i + 1, 2));
  expect(back.prepend(older)).toBe(KEPT / 2);
  expect(back.rows).toBe(KEPT);
  expect(back.oldest).toBe(KEPT / 2 + 1);
});

it('PAGE-35: a commit that alone has more rows than are kept is kept whole', () => {
  const store = openStore();
  store.append(groupWith(1, 10));
  expect(store.append(groupWith(2, KEPT * 2))).toBe(1);
  expect(store.rows).toBe(KEPT * 2);
});

it('PAGE-37: a commit of very many rows shows the first of them until it is opened', () => {
  const store = openStore();
  store.append(groupWith(1, 3000));
  const closed = store.window(0, 1e6);
  expect(closed.filter(({ kind }) => kind === 'note')).toHaveLength(12);
  expect(closed.at(-1)).toMatchObject({ kind: 'more', hidden: 2988 });
  store.open(new Set([1]));
  expect(store.window(0, 1e6).filter(({ kind }) => kind === 'note')).toHaveLength(3000);
});
