import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { recordHost } from '../../../daemon/headless/host/index.ts';
import { decide, initialState } from '../../../daemon/kernel/kernel.ts';
import type { Command } from '../../../protocol/commands.ts';
import type { Commit } from '../../../protocol/commit.ts';
import type { Event } from '../../../protocol/events/index.ts';
import { emptyView, fold } from '../../../protocol/view/fold.ts';
import { type Figures, openGauge } from '../../../protocol/view/gauge.ts';
import { type ViewJson, viewFromJson, viewJson } from '../../../protocol/view/json.ts';
import { callClasses } from '../../../protocol/view/static-call.ts';
import { newSeries, type Series, seriesFrom, type Timeline, until } from '../../../protocol/view/timeline.ts';
import type { View } from '../../../protocol/view/types.ts';
import { windowMaps } from '../../../protocol/view/windows.ts';
import { fixture } from '../../fixtures/fixtures.ts';
import { Machine, profileOf } from '../../kernel/loader/machine.ts';
import { hostTree, writeTree } from '../../support/host-tree.ts';
import { batchesOfEvents, bootOf } from './batches.ts';

const commitsOf = (batches: readonly (readonly Event[])[]): readonly Commit[] =>
  batches.map((events, i) => {
    const number = i + 1;
    return {
      v: 1,
      number,
      time: 1000 * number,
      id: `c${i}`,
      command: { type: 'unload', module: 'm' },
      events: [...events],
    };
  });

const demo = (): readonly Commit[] =>
  gunzipSync(readFileSync(new URL('../../../sessions/demo.veneer.jsonl.gz', import.meta.url)))
    .toString()
    .trimEnd()
    .split('\n')
    .slice(1, -1)
    .map((line) => JSON.parse(line));

/** What other parts of the protocol say of the view. */
function figuresOf(view: View): Figures {
  const json = viewJson(view);
  const used = { direct: 0, fallback: 0 };
  for (const map of windowMaps(json)) used[map.window] = map.used;
  const { direct, veneer, veneers } = view.now;
  return {
    used,
    modules: json.modules.length,
    veneers,
    branches: { direct, veneer },
    sites: callClasses(json.staticCalls),
  };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, n) => total + n, 0);

/** The view as a snapshot has it. */
const copyOf = (view: View): View => viewFromJson(JSON.parse(JSON.stringify(viewJson(view))) as ViewJson);

/** Adds the commits, whose figures come of `view`. */
function addAll(series: Series, view: View, commits: readonly Commit[]): Series {
  const gauge = openGauge(view);
  for (const commit of commits) {
    gauge.fold(commit);
    series.add(commit, gauge.figures());
  }
  return series;
}

/** The same told the long way: every commit by itself, then bucket by bucket. */
function expected(commits: readonly Commit[], points: number): Timeline {
  let width = 1;
  while (Math.ceil(commits.length / width) > points) width *= 2;
  const view = emptyView();
  const after = commits.map((commit) => figuresOf(fold(view, commit)));
  const starts = Array.from({ length: Math.ceil(commits.length / width) }, (_, i) => i * width);
  const ends = starts.map((start) => Math.min(start + width, commits.length) - 1);
  const at = (of: (figures: Figures) => number): number[] => ends.map((end) => of(after[end] as Figures));
  const count = (type?: Event['type']): number[] =>
    starts.map((start) => {
      const events = commits.slice(start, start + width).flatMap((commit) => commit.events);
      return events.filter((event) => type === undefined || event.type === type).length;
    });
  return {
    first: 1,
    width,
    buckets: {
      to: ends.map((end) => end + 1),
      time: ends.map((end) => commits[end]?.time ?? 0),
      usedDirect: at(({ used }) => used.direct),
      usedFallback: at(({ used }) => used.fallback),
      modules: at(({ modules }) => modules),
      veneers: at(({ veneers }) => veneers),
      branchesDirect: at(({ branches }) => branches.direct),
      branchesVeneer: at(({ branches }) => branches.veneer),
      sitesDirect: at(({ sites }) => sites.direct),
      sitesVeneer: at(({ sites }) => sites.veneer),
      sitesVeneers: at(({ sites }) => sites.veneers),
      sitesTrapped: at(({ sites }) => sites.trapped),
      sitesNone: at(({ sites }) => sites.none),
      events: count(),
      patches: count('StaticCallPatched'),
    },
  };
}

/** The figures after each commit, held against what others say of the view. */
function follow(commits: readonly Commit[]): readonly Figures[] {
  const view = emptyView();
  const gauge = openGauge(view);
  return commits.map((commit) => {
    gauge.fold(commit);
    expect(gauge.figures()).toEqual(figuresOf(view));
    return gauge.figures();
  });
}

describe('the figures after a commit', () => {
  it('TIME-1: are those of the view, the windows and the sites, whatever happens', () => {
    fc.assert(
      fc.property(batchesOfEvents, (batches) => void follow(commitsOf(batches))),
      { numRuns: 60 },
    );
  });

  it('TIME-1: also where every event is a commit of its own', () => {
    const each = (batches: readonly (readonly Event[])[]) => follow(commitsOf(batches.flat().map((event) => [event])));
    fc.assert(
      fc.property(batchesOfEvents, (batches) => void each(batches)),
      { numRuns: 30 },
    );
  });

  it('TIME-1: also when a load fails, is freed lazily and purged, and when there is no room', () => {
    const profile = profileOf('linux-6.1', { pages: 24, fallback: 8 });
    const machine = new Machine(profile);
    const names = ['hello', 'unknown-symbol', 'chain-a', 'chain-b', 'calls', 'weak', 'sections', 'relocs', 'common'];
    const batches = [
      bootOf(profile),
      ...names.map((name) => machine.fixture(name)),
      machine.unload('chain_a'),
      machine.unload('hello'),
    ];
    const figures = follow(commitsOf(batches));
    expect(batches.flat().map(({ type }) => type)).toEqual(
      expect.arrayContaining(['LazyAreasPurged', 'ModuleLoadFailed', 'ModuleGone']),
    );
    expect(new Set(figures.map(({ used }) => used.direct)).size).toBeGreaterThan(3);
  });

  it.each(['arm64-6.1', 'arm64-6.12', 'x86-64-6.1', 'x86-64-6.12'])('TIME-1: also on %s, with KASLR', (preset) => {
    let state = initialState();
    const blobs = new Map<string, Uint8Array>();
    const run = (command: Command): readonly Event[] => {
      const decision = decide(state, command, blobs);
      if (!decision.ok) throw new Error(decision.message);
      state = decision.state;
      return decision.events;
    };
    const all = ['hello', 'unknown-symbol', 'chain-a', 'chain-b', 'x86-64-hello', 'x86-64-compiled', 'x86-64-got'];
    const loads = all.map((name): Command => {
      blobs.set(name, fixture(`${name}.ko`));
      return { type: 'load', blob: name };
    });
    const unloads = ['hello', 'chain_b', 'x86_64_hello'].map((module): Command => ({ type: 'unload', module }));
    const commands = [{ type: 'boot', preset, kaslrSeed: 7 } as const, ...loads, ...unloads, ...loads];
    const figures = follow(commitsOf(commands.map(run)));
    const rooms = new Set(figures.map(({ used }) => `${used.direct} ${used.fallback}`));
    expect(rooms.size).toBeGreaterThan(2);
  });

  it.each(['arm64-6.1', 'arm64-6.12', 'x86-64-6.12'] as const)(
    'TIME-1: also of a running kernel of %s that was looked at',
    async (kernel) => {
      const folder = mkdtempSync(join(tmpdir(), 'veneerd-timeline-'));
      try {
        const root = writeTree(join(folder, 'host'), hostTree(kernel));
        const { commits } = await recordHost({ root, signal: new AbortController().signal });
        expect(follow(commits).at(-1)?.modules).toBeGreaterThan(0);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  );

  it('TIME-1: also over the demo, and from a snapshot in the middle of it', { timeout: 120_000 }, () => {
    const commits = demo();
    const view = emptyView();
    const gauge = openGauge(view);
    let copy = { view: emptyView(), gauge: openGauge(emptyView()) };
    for (const commit of commits) {
      gauge.fold(commit);
      if (commit.number > 600) copy.gauge.fold(commit);
      if (commit.number === 600) {
        const middle = copyOf(view);
        copy = { view: middle, gauge: openGauge(middle) };
      }
      if (commit.number % 97 !== 0 && commit.number !== commits.length) continue;
      expect(gauge.figures()).toEqual(figuresOf(view));
      if (commit.number > 600) expect(copy.gauge.figures()).toEqual(gauge.figures());
    }
    expect(gauge.figures().sites.direct).toBeGreaterThan(0);
  });
});

describe('a timeline', () => {
  it('TIME-2: says at the end of each bucket what the view says there, and counts what happened in it', () => {
    fc.assert(
      fc.property(batchesOfEvents, fc.integer({ min: 1, max: 20 }), (batches, points) => {
        const commits = commitsOf(batches);
        const timeline = addAll(newSeries(points, 1), emptyView(), commits).timeline(points);
        expect(timeline).toEqual(expected(commits, points));
        expect(timeline.buckets.to.length).toBeLessThanOrEqual(points);
      }),
      { numRuns: 60 },
    );
  });

  it('TIME-3: is the same however it was cut into what there was and what came after', () => {
    fc.assert(
      fc.property(
        batchesOfEvents,
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 0, max: 3 }),
        fc.nat(),
        (batches, points, more, somewhere) => {
          const commits = commitsOf(batches);
          const cut = somewhere % (commits.length + 1);
          // As a page does: what the daemon answered, and the view there; then the commits that come.
          const before = addAll(newSeries(points + more, 1), emptyView(), commits.slice(0, cut)).timeline(points);
          const sent: Timeline = JSON.parse(JSON.stringify(before));
          const view = commits.slice(0, cut).reduce(fold, emptyView());
          const after = addAll(seriesFrom(points, sent), copyOf(view), commits.slice(cut));
          const whole = addAll(newSeries(points, 1), emptyView(), commits);
          expect(after.timeline(points)).toEqual(whole.timeline(points));
          expect(sent).toEqual(before);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('TIME-3: up to a position holds the whole buckets before it', () => {
    fc.assert(
      fc.property(batchesOfEvents, fc.integer({ min: 1, max: 9 }), fc.nat({ max: 20 }), (batches, points, last) => {
        const commits = commitsOf(batches);
        const all = addAll(newSeries(points, 1), emptyView(), commits).timeline(points);
        const some = until(all, last);
        const ends = all.buckets.to.filter((to) => to <= last);
        expect(some.buckets.to).toEqual(ends);
        const single = expected(commits.slice(0, ends.at(-1) ?? 0), commits.length).buckets;
        expect(some.buckets.modules).toEqual(ends.map((end) => single.modules[end - 1]));
        expect(sum(some.buckets.events)).toBe(sum(single.events));
      }),
      { numRuns: 60 },
    );
  });

  it('TIME-4: never has more buckets than it may, however many commits come, and loses none of them', () => {
    const most = 16;
    const series = newSeries(most, 5001);
    const figures = openGauge(emptyView()).figures();
    const event: Event = { type: 'ModuleUnloadFailed', module: 'm', errno: 'ENOENT', words: 'no' };
    const command = { type: 'unload', module: 'm' } as const;
    const total = 10_000;
    for (let n = 1; n <= total; n++) {
      const number = 5000 + n;
      series.add({ v: 1, number, time: number, id: `c${n}`, command, events: [event, event] }, figures);
      if (n % 613 !== 0 && n !== total) continue;
      const { first, width, buckets } = series.timeline(most);
      const count = buckets.to.length;
      expect(first).toBe(5001);
      expect(count).toBeLessThanOrEqual(most);
      expect(count).toBeGreaterThan(most / 2);
      expect(buckets.to.slice(0, -1)).toEqual(Array.from({ length: count - 1 }, (_, i) => 5000 + (i + 1) * width));
      expect(buckets.to.at(-1)).toBe(number);
      expect(sum(buckets.events)).toBe(2 * n);
    }
  });

  it('TIME-5: comes, like every view, without the schemas', () => {
    const view = resolve(import.meta.dirname, '../../../protocol/view');
    const loaded = new Set(readdirSync(view).map((file) => resolve(view, file)));
    const packages = new Set<string>();
    for (const file of loaded) {
      const text = readFileSync(file, 'utf8');
      for (const [, from = ''] of text.matchAll(/^(?:import|export) (?!type )[^;]*? from '([^']+)';/gms)) {
        if (from.startsWith('.')) loaded.add(resolve(dirname(file), from));
        else packages.add(from);
      }
    }
    expect(loaded).toContain(resolve(view, '../address.ts'));
    expect([...packages].filter((name) => name.startsWith('typebox'))).toEqual([]);
  });
});
