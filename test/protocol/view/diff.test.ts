import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Command } from '../../../protocol/commands.ts';
import type { Event } from '../../../protocol/events/index.ts';
import { diffViews } from '../../../protocol/view/diff.ts';
import type { ViewDiff } from '../../../protocol/view/diff-form.ts';
import { emptyView, fold } from '../../../protocol/view/fold.ts';
import { type ViewJson, viewDigest, viewFromJson, viewJson } from '../../../protocol/view/json.ts';
import { Machine } from '../../kernel/loader/machine.ts';
import { calls, FUNCS, staticCallProfile } from '../../kernel/static-call/machine.ts';
import { batchesOfEvents, bootOf } from './batches.ts';

/** The view after each commit; the first is the one before all. */
function viewsOf(batches: readonly (readonly Event[])[]): readonly ViewJson[] {
  const view = emptyView();
  const json = (): ViewJson => JSON.parse(JSON.stringify(viewJson(view)));
  const command: Command = { type: 'unload', module: 'm' };
  return [
    json(),
    ...batches.map((events, i) => {
      fold(view, { v: 1, number: i + 1, time: i, id: `c${i}`, command, events: [...events] });
      return json();
    }),
  ];
}

/** What the view says, whatever its position and the order of its lists. */
function digestOf(view: ViewJson): string {
  const byName = (a: { readonly name: string }, b: { readonly name: string }) => (a.name < b.name ? -1 : 1);
  const copy = structuredClone(view);
  const staticCalls = { ...copy.staticCalls, keys: copy.staticCalls.keys.toSorted(byName) };
  return viewDigest(viewFromJson({ ...copy, commit: 0, modules: copy.modules.toSorted(byName), staticCalls }));
}

/** All pairs of views of a session, and what differs between them. */
const eachPair = (check: (from: ViewJson, to: ViewJson, diff: ViewDiff) => void) =>
  fc.assert(
    fc.property(batchesOfEvents, (batches) => {
      const views = viewsOf(batches);
      for (const from of views) for (const to of views) check(from, to, diffViews(from, to, true));
    }),
    { numRuns: 40 },
  );

describe('what differs between two views', () => {
  it('DIFF-1: nothing, if and only if they say the same', () => {
    const digests = new WeakMap<ViewJson, string>();
    const digest = (view: ViewJson): string => {
      const known = digests.get(view) ?? digestOf(view);
      digests.set(view, known);
      return known;
    };
    eachPair((from, to, diff) => {
      expect(diff.equal).toBe(digest(from) === digest(to));
      if (from === to) expect(diff.equal).toBe(true);
    });
  });

  it('DIFF-2: what came one way went the other way', () => {
    const names = (list: readonly { readonly name: string }[]) => list.map(({ name }) => name).toSorted();
    const turned = <T>(pairs: readonly (readonly [T, T])[]) => pairs.map(([from, to]) => [to, from]);
    eachPair((from, to, diff) => {
      const back = diffViews(to, from, true);
      expect(names(back.modules.loaded)).toEqual(names(diff.modules.unloaded));
      expect(names(back.modules.unloaded)).toEqual(names(diff.modules.loaded));
      expect(names(back.modules.changed)).toEqual(names(diff.modules.changed));
      expect(names(back.keys.changed)).toEqual(names(diff.keys.changed));
      expect(back.areas).toEqual({ came: diff.areas.gone, gone: diff.areas.came });
      expect(back.windows.map(({ fill }) => fill)).toEqual(turned(diff.windows.map(({ fill }) => fill)));
      expect(back.refusals).toEqual({ came: diff.refusals.gone, gone: diff.refusals.came });
      expect(names(back.bookmarks.added)).toEqual(names(diff.bookmarks.removed));
      expect(Object.values(back.counters.ever)).toEqual(turned(Object.values(diff.counters.ever)));
      expect(back.classes).toEqual(diff.classes && [diff.classes[1], diff.classes[0]]);
    });
  });

  const profile = staticCallProfile('inline-defuse', 'near', { openSymbols: true });
  const machine = new Machine(profile);
  const views = viewsOf([
    bootOf(profile),
    machine.fixture('hello'),
    machine.load(calls('mod_a')),
    machine.do({ type: 'update', key: '_printk', func: FUNCS.further }),
    machine.do({ type: 'bookmark', name: 'far', at: 3 }),
    machine.unload('hello'),
    machine.unload('nobody'),
    machine.fixture('hello'),
  ]);
  const between = (from: number, to: number): ViewDiff =>
    diffViews(views[from] as ViewJson, views[to] as ViewJson, true);

  it('DIFF-3: a module that is loaded comes with its place, the window with what is left of it', () => {
    const diff = between(2, 3);
    expect(diff.modules).toMatchObject({
      loaded: [{ name: 'mod_a', state: 'LIVE', parts: { core: { window: 'direct' } } }],
      unloaded: [],
      changed: [],
    });
    expect(diff.areas).toEqual({ came: 1, gone: 0 });
    expect(diff.classes?.[0]).toEqual({ direct: 0, veneer: 0, veneers: 0, trapped: 0, none: 0 });
    expect(diff.keys.changed.map(({ name }) => name)).toEqual(['_printk', 'kfree', 'kmalloc_trace']);
    expect(diff.counters.ever).toEqual({ loads: [1, 2] });
  });

  it('DIFF-3: an update shows func, trampoline, and the sites by class', () => {
    const [key] = between(3, 4).keys.changed;
    expect(key).toMatchObject({ name: '_printk', func: [views[3]?.staticCalls.keys[0]?.func, FUNCS.further] });
    expect(key?.text?.[1]).toMatch(/^movn x16, .*br x16$/);
    expect(key?.bytes?.[0]).not.toBe(key?.bytes?.[1]);
    expect(key?.classes?.[0].direct).toBeGreaterThan(0);
    expect(key?.classes?.[1].direct).toBe(0);
    expect(key?.rewritten).toBeGreaterThan(0);
    expect(between(3, 4).modules.changed).toEqual([]);
  });

  it('DIFF-3: bookmarks, refusals, and a module that was loaded again at the same place', () => {
    expect(between(4, 5).bookmarks).toEqual({ added: [{ name: 'far', at: 3, since: 5 }], removed: [], moved: [] });
    expect(between(6, 7).refusals.came).toMatchObject([{ op: 'unload', module: 'nobody', errno: 'ENOENT' }]);
    expect(between(5, 8).modules.changed).toMatchObject([{ name: 'hello', reloaded: true }]);
    expect(between(0, 1).machine).toMatchObject({ arch: [null, 'arm64'], symbols: [null, 7] });
  });

  it('DIFF-4: between two machines numbers of commits do not count', () => {
    const [early, late] = [new Machine(profile), new Machine(profile)];
    const steps = (on: Machine) => [bootOf(profile), on.fixture('hello'), on.load(calls('mod_a')), on.unload('nobody')];
    const a = viewsOf(steps(early)).at(-1) as ViewJson;
    const b = viewsOf([bootOf(profile), late.fixture('chain-a'), late.unload('chain_a'), ...steps(late).slice(1)]).at(
      -1,
    ) as ViewJson;
    expect(diffViews(a, b, false)).toMatchObject({
      modules: { loaded: [], unloaded: [], changed: [] },
      windows: [],
      keys: { added: [], gone: [], changed: [] },
      counters: { ever: { loads: [2, 3], unloads: [0, 1] }, now: {}, staticCalls: {} },
      refusals: { came: [], gone: [] },
      other: [],
    });
    const c = viewsOf(steps(new Machine(profile))).at(-1) as ViewJson;
    expect(diffViews(a, c, false).equal).toBe(true);
    const d = viewsOf([...steps(new Machine(profile)), late.unload('nobody'), late.unload('none')]).at(-1) as ViewJson;
    expect(diffViews(a, d, false).refusals).toMatchObject({
      came: [{ module: 'nobody' }, { module: 'none' }],
      gone: [],
    });
    expect(diffViews(d, a, false).refusals).toMatchObject({
      came: [],
      gone: [{ module: 'nobody' }, { module: 'none' }],
    });
  });

  it('DIFF-5: it is small beside the views: sites are counted, imports and sections named', () => {
    const all = between(0, 4);
    expect(JSON.stringify(all)).not.toContain('"sites"');
    expect(JSON.stringify(all).length).toBeLessThan(JSON.stringify(views[4]).length / 2);
  });
});
