/** The ledger knows of every address who has it, who had it and how many before, as a pass over the whole log does. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { emptyHistory, foldHistory } from '../../../daemon/kernel/inspect/history.ts';
import {
  COMMITS_KEPT,
  emptyLedger,
  enter,
  ledgerFromJson,
  ledgerJson,
  sourcesOf,
} from '../../../daemon/kernel/inspect/ledger.ts';
import { initialState } from '../../../daemon/kernel/kernel.ts';
import { toHex } from '../../../protocol/address.ts';
import type { Commit } from '../../../protocol/commit.ts';
import type { Event } from '../../../protocol/events/index.ts';

const PAGE = 4096;
const PAGES = 24;
const START = -PAGES * PAGE;

const commitOf = (number: number, events: readonly Event[]): Commit => ({
  v: 1,
  number,
  time: number,
  id: `c${number}`,
  command: { type: 'load', blob: '0'.repeat(64), file: `m${number}.ko` },
  events: [...events],
});

interface Taken {
  readonly module: string;
  readonly page: number;
  readonly pages: number;
}

/** Allocations and frees that never overlap, each in a commit of its own. */
function commitsOf(picks: readonly (readonly [page: number, pages: number])[]): readonly Commit[] {
  const taken: Taken[] = [];
  return picks.map(([page, pages], i) => {
    const inTheWay = taken.findIndex((one) => one.page < page + pages && page < one.page + one.pages);
    const [gone] = inTheWay < 0 ? [] : taken.splice(inTheWay, 1);
    const area = (one: Taken) => ({
      module: one.module,
      part: 'core' as const,
      address: toHex(START + one.page * PAGE),
      size: (one.pages - 1) * PAGE,
      guard: PAGE,
    });
    if (gone) return commitOf(i + 1, [{ type: 'MemoryFreed', ...area(gone), lazy: false }]);
    const come = { module: `m${i + 1}`, page, pages };
    taken.push(come);
    return commitOf(i + 1, [{ type: 'MemoryAllocated', ...area(come), window: 'direct' }]);
  });
}

describe('the ledger', () => {
  it('WHY-10: knows the tenant of every page and how many had it before, also when it went through JSON', () => {
    const pick = fc
      .nat(PAGES - 2)
      .chain((page) => fc.tuple(fc.constant(page), fc.integer({ min: 2, max: PAGES - page })));
    fc.assert(
      fc.property(fc.array(pick, { maxLength: 40 }), fc.nat(40), (picks, stop) => {
        const commits = commitsOf(picks);
        let ledger = emptyLedger();
        for (const commit of commits) {
          enter(ledger, commit);
          if (commit.number === stop) ledger = ledgerFromJson(JSON.parse(JSON.stringify(ledgerJson(ledger))));
        }
        for (let page = -1; page <= PAGES; page++) {
          const address = START + page * PAGE + 8;
          const history = emptyHistory(address);
          for (const commit of commits) foldHistory(history, commit);
          const { tenant, earlier } = sourcesOf(ledger, initialState(), address);
          expect(tenant).toEqual(history.tenant);
          expect(earlier).toBe(history.earlier);
        }
        expect(ledger.spans.length).toBeLessThanOrEqual(PAGES);
      }),
      { numRuns: 300 },
    );
  });

  it('WHY-11: keeps the newest commits of a key, and counts the others', () => {
    const ledger = emptyLedger();
    const set = (number: number): Event => ({
      type: 'StaticCallFuncSet',
      key: 'k',
      from: toHex(number),
      to: toHex(number + 1),
      calls: null,
      by: 'update',
    });
    const added: Event = { type: 'StaticCallKeysAdded', module: 'vmlinux', keys: [] };
    const key = { name: 'k', address: toHex(0), func: toHex(0), calls: null, tramp: toHex(0), bytes: '', text: '' };
    enter(ledger, commitOf(1, [{ ...added, keys: [key] }]));
    const last = COMMITS_KEPT + 11;
    // Twice in one commit is once.
    for (let number = 2; number <= last; number++) enter(ledger, commitOf(number, [set(number), set(number)]));
    expect(ledger.keys.get('k')).toEqual({
      added: 1,
      older: 10,
      commits: Array.from({ length: COMMITS_KEPT }, (_, i) => last - COMMITS_KEPT + 1 + i),
    });
    expect(ledgerFromJson(JSON.parse(JSON.stringify(ledgerJson(ledger))))).toEqual(ledger);
    enter(ledger, commitOf(last + 1, [{ type: 'StaticCallKeysGone', module: 'm', keys: ['k'] }]));
    expect(ledger.keys.size).toBe(0);
  });
});
