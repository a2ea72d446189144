import { describe, expect, it } from 'vitest';
import type { Commit } from '../../../protocol/commit.ts';
import type { Event } from '../../../protocol/events/index.ts';
import { emptyView, FAILURES_KEPT, fold } from '../../../protocol/view/fold.ts';
import { viewDigest, viewFromJson, viewJson } from '../../../protocol/view/json.ts';
import { Machine, profileOf } from '../../kernel/loader/machine.ts';

const commit = (number: number, events: readonly Event[], time = number): Commit => ({
  v: 1,
  number,
  time,
  id: `c${number}`,
  command: { type: 'unload', module: 'm' },
  events: [...events],
});

/** The view after each of `batches`, folded as commits 1, 2, 3, … */
const viewOf = (...batches: readonly (readonly Event[])[]) =>
  batches.reduce((view, events, i) => fold(view, commit(i + 1, events)), emptyView());

const failed: Event = { type: 'ModuleUnloadFailed', module: 'm', errno: 'ENOENT', words: 'no' };

describe('the view', () => {
  it('VIEW-5: commits are folded in order, none twice and none left out', () => {
    const view = viewOf([failed], [failed]);
    expect(() => fold(view, commit(2, [failed]))).toThrow('commit 2 does not follow commit 2');
    expect(() => fold(view, commit(4, [failed]))).toThrow('commit 4 does not follow commit 2');
    expect(view.commit).toBe(2);
  });

  it('VIEW-6: an event about a module that the log did not lay out is a broken log', () => {
    expect(() => viewOf([{ type: 'ModuleLive', module: '__proto__' }])).toThrow('names module __proto__');
  });

  it('VIEW-7: the newest 100 refusals are kept, and all are counted', () => {
    const machine = new Machine(profileOf('linux-6.1'));
    const batches = Array.from({ length: FAILURES_KEPT + 20 }, (_, i) => machine.unload(`nobody_${i}`));
    const view = viewOf(...batches);
    expect(view.failures).toHaveLength(100);
    expect(view.failures[0]).toEqual({
      commit: 21,
      op: 'unload',
      module: 'nobody_20',
      errno: 'ENOENT',
      words: 'Module nobody_20 is not currently loaded',
    });
    expect(view.ever.failedUnloads).toBe(120);
  });

  it('VIEW-8: loads, unloads and purges are counted since boot, relocations and branches for what is there', () => {
    const machine = new Machine(profileOf('linux-6.1'));
    const view = viewOf(
      machine.fixture('chain-a'),
      machine.fixture('hello'),
      machine.fixture('hello'),
      machine.fixture('weak', { init: { result: 'EIO' } }),
      machine.unload('hello'),
    );
    expect(view.ever).toEqual({ loads: 2, unloads: 1, failedLoads: 2, failedUnloads: 0, purges: 1 });
    const left = view.modules.get('chain_a');
    expect(view.now).toEqual({ relocations: left?.relocations, direct: 0, veneer: 0, veneers: 0 });
    expect([...view.modules.keys()]).toEqual(['chain_a']);
  });

  it('VIEW-9: an area that was freed lazily is shown until it is purged', () => {
    const machine = new Machine(profileOf('linux-6.1'));
    const batches = [machine.fixture('unknown-symbol'), machine.fixture('hello')];
    const lazy = (count: number) => [...viewOf(...batches.slice(0, count)).areas.values()].filter((area) => area.lazy);
    expect(lazy(1).map(({ module, part }) => [module, part])).toEqual([
      ['unknown_symbol', 'core'],
      ['unknown_symbol', 'init'],
    ]);
    expect(lazy(2)).toEqual([]);
  });

  it('VIEW-10: what is empty does not count, so that a view may learn to show more', () => {
    const view = viewOf(new Machine(profileOf('linux-6.1')).fixture('sections'));
    const digest = viewDigest(view);
    Object.assign(view, { notes: [], weather: null, more: { clouds: 0, rain: {} } });
    expect(viewDigest(view)).toBe(digest);
    Object.assign(view, { notes: [0] });
    expect(viewDigest(view)).not.toBe(digest);
  });

  it('VIEW-10: the digest is that of what there is: neither time nor the order of keys or areas counts', () => {
    const machine = new Machine(profileOf('linux-6.1'));
    const events = machine.fixture('sections');
    const view = fold(emptyView(), commit(1, events, 5));
    const later = fold(emptyView(), commit(1, events, 9));
    expect(viewDigest(later)).toBe(viewDigest(view));
    const reversed = JSON.parse(JSON.stringify(viewJson(view)), (_, value) =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).reverse())
        : value,
    );
    expect(viewDigest(viewFromJson(reversed))).toBe(viewDigest(view));
    expect(viewDigest(viewOf(events, machine.unload('sections')))).not.toBe(viewDigest(viewOf(events, [failed])));
  });

  it('VIEW-11: folding on does not change commits, nor events that were folded before', () => {
    const machine = new Machine(profileOf('linux-6.12'));
    const batches = [machine.fixture('chain-a'), machine.fixture('chain-b'), machine.unload('chain_b')];
    const before = JSON.stringify(batches);
    viewOf(...batches);
    expect(JSON.stringify(batches)).toBe(before);
  });
});
