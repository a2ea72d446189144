/** Filters, views before commits, and replays: over real sockets, against the log. */
import * as fc from 'fast-check';
import { firstValueFrom, lastValueFrom, type Observable, takeWhile, toArray } from 'rxjs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connect } from '../../clients/sdk/node.ts';
import type { Client, FeedItem, MachineHandle, ReplayItem } from '../../clients/sdk/types.ts';
import type { Daemon } from '../../daemon/daemon.ts';
import type { Commit } from '../../protocol/commit.ts';
import { type Filter, matcher } from '../../protocol/filter.ts';
import { emptyView, fold } from '../../protocol/view/fold.ts';
import { viewDigest, viewFromJson } from '../../protocol/view/json.ts';
import { startProxy } from '../sdk/proxy.ts';
import { manifestBytes, openRaw, startMemoryDaemon } from './daemon.ts';

let daemon: Daemon;
let client: Client;
let machine: MachineHandle;
const commits: Commit[] = [];
const MODULES = ['one', 'two', 'three', 'four'];

beforeAll(async () => {
  daemon = await startMemoryDaemon();
  client = connect(daemon.url);
  await client.boot('film');
  machine = client.machine('film');
  for (const name of MODULES) {
    const { sha256 } = await client.upload(manifestBytes(name), `${name}.json`);
    await machine.command({ type: 'load', blob: sha256 });
  }
  await machine.command({ type: 'unload', module: 'two' });
  await machine.command({ type: 'unload', module: 'nobody' });
  for (let i = 0; i < 300; i++) await machine.command({ type: 'unload', module: `absent${i}` });
  for await (const item of machine.commits()) {
    if (item.kind === 'live') break;
    commits.push(item.commit);
  }
});
afterAll(async () => {
  client.close();
  await daemon.close();
});

const untilLive = async (feed: Observable<FeedItem>): Promise<readonly FeedItem[]> =>
  firstValueFrom(
    feed.pipe(
      takeWhile((item) => item.kind !== 'live', true),
      toArray(),
    ),
  );

const filtered = (filter: Filter): readonly Commit[] => {
  const matches = matcher(filter);
  return commits
    .map((commit) => ({ ...commit, events: commit.events.filter(matches) }))
    .filter(({ events }) => events.length > 0);
};

it('SUB-12: a filter takes events out of commits, and the position goes on', async () => {
  const areas = commits.flatMap(({ events }) => events.filter((event) => event.type === 'MemoryAllocated'));
  const some = areas[2] as (typeof areas)[number];
  const filters: readonly Filter[] = [
    { kinds: ['ModuleLive'] },
    { modules: ['two', 'three'] },
    { modules: ['two'], kinds: ['MemoryAllocated', 'MemoryFreed'] },
    { addresses: [{ from: some.address, to: `0x${(BigInt(some.address) + 1n).toString(16)}` }] },
    { keys: ['none'] },
  ];
  for (const filter of filters) {
    const items = await untilLive(machine.commits({ filter }).observable);
    const got = items.flatMap((item) => (item.kind === 'commit' ? [item.commit] : []));
    expect(got).toEqual(filtered(filter));
    expect(items.at(-1)).toMatchObject({ kind: 'live', position: { commit: commits.length } });
  }
  expect(filtered(filters[3] as Filter).length).toBeGreaterThan(0);
});

it('SUB-12: a reader whose filter lets nothing through still hears how far it is', async () => {
  const raw = await openRaw(daemon.url);
  await raw.next();
  const filter = { keys: ['none'] };
  raw.send({ type: 'subscribe', subscription: 1, machine: 'film', from: 'start', filter });
  expect(await raw.next()).toMatchObject({ type: 'subscribed' });
  const frame = await raw.next();
  expect(frame).toMatchObject({ type: 'commits', after: 0, commits: [] });
  expect(frame.through).toBeGreaterThan(250);
  raw.socket.terminate();
});

it('SUB-12: whatever the filter, its commits are those of the log with other events left out', async () => {
  const types = [...new Set(commits.flatMap(({ events }) => events.map(({ type }) => type)))];
  const filter: fc.Arbitrary<Filter> = fc.record(
    {
      kinds: fc.uniqueArray(fc.constantFrom(...types), { minLength: 1 }),
      modules: fc.uniqueArray(fc.constantFrom(...MODULES, 'nobody'), { minLength: 1 }),
    },
    { requiredKeys: [] },
  );
  await fc.assert(
    fc.asyncProperty(filter, fc.nat(commits.length), async (wanted, from) => {
      const { epoch } = (await machine.summary()).position;
      const items = await untilLive(machine.commits({ filter: wanted, from: { epoch, commit: from } }).observable);
      const got = items.flatMap((item) => (item.kind === 'commit' ? [item.commit] : []));
      expect(got).toEqual(filtered(wanted).filter(({ number }) => number > from));
    }),
    { numRuns: 40 },
  );
});

it('SUB-13: the view comes first, at the position that the commits follow', async () => {
  const { epoch } = (await machine.summary()).position;
  for (const from of ['start', { epoch, commit: 3 }, 'now'] as const) {
    const items = await firstValueFrom(
      machine.follow({ from }).observable.pipe(
        takeWhile((item) => item.kind !== 'live', true),
        toArray(),
      ),
    );
    const [first, ...rest] = items;
    if (first?.kind !== 'view') throw new Error(`expected a view first, not ${first?.kind}`);
    const view = viewFromJson(first.view);
    for (const item of rest) if (item.kind === 'commit') fold(view, item.commit);
    const whole = emptyView();
    for (const commit of commits) fold(whole, commit);
    expect(viewDigest(view)).toBe(viewDigest(whole));
  }
});

const ended = (items: Observable<ReplayItem>): Promise<readonly ReplayItem[]> =>
  lastValueFrom(
    items.pipe(
      takeWhile((item) => !(item.kind === 'state' && item.state === 'ended'), true),
      toArray(),
    ),
  );
const numbers = (items: readonly ReplayItem[]): readonly number[] =>
  items.flatMap((item) => (item.kind === 'commit' ? [item.position.commit] : []));
const range = (from: number, to: number): readonly number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);

it('PLAY-1: a replay gives every commit in order up to its end, and says that it ended', async () => {
  const all = await ended(machine.replay({ pace: 'instant' }).observable);
  expect(numbers(all)).toEqual(range(1, commits.length));
  const part = await ended(machine.replay({ pace: 'x1000', to: 5 }).observable);
  expect(numbers(part)).toEqual(range(1, 5));
  expect(part.at(-1)).toMatchObject({ state: 'ended', position: { commit: 5 } });
});

it('PLAY-2: paused it waits; steps, seeks, a new pace and play are done from where it is', async () => {
  const replay = machine.replay({ pace: 'original', paused: true, view: true });
  const got: ReplayItem[] = [];
  const states = (): readonly unknown[] =>
    got.flatMap((item) => (item.kind === 'state' ? [[item.state, item.position.commit]] : []));
  const subscription = replay.observable.subscribe((item) => got.push(item));
  await expect.poll(states).toEqual([['paused', 0]]);
  expect(got[0]).toMatchObject({ kind: 'view', position: { commit: 0 } });
  replay.step(2);
  await expect.poll(states).toEqual([
    ['paused', 0],
    ['playing', 0],
    ['paused', 2],
  ]);
  expect(numbers(got)).toEqual([1, 2]);
  replay.seek(commits.length - 3);
  await expect.poll(() => states().at(-1)).toEqual(['paused', commits.length - 3]);
  const seen = got.filter((item) => item.kind === 'view').at(-1);
  if (seen?.kind !== 'view') throw new Error('expected a view after a seek');
  const there = await machine.view({ at: commits.length - 3 });
  expect(viewDigest(viewFromJson(seen.view))).toBe(viewDigest(viewFromJson(there.view)));
  replay.pace('instant');
  replay.play();
  await expect.poll(() => states().at(-1)).toEqual(['ended', commits.length]);
  expect(numbers(got)).toEqual([1, 2, ...range(commits.length - 2, commits.length)]);
  replay.seek(commits.length - 1);
  await expect.poll(() => states().slice(-1)).toEqual([['ended', commits.length]]);
  expect(numbers(got).at(-1)).toBe(commits.length);
  subscription.unsubscribe();
});

it('PLAY-3: a replay disturbs nobody: other subscriptions of the connection stay live', async () => {
  const live = machine.commits({ from: 'now' })[Symbol.asyncIterator]();
  expect((await live.next()).value).toMatchObject({ kind: 'live' });
  const replay = ended(machine.replay({ pace: 'x100' }).observable);
  await machine.command({ type: 'unload', module: 'late' });
  expect((await live.next()).value).toMatchObject({ kind: 'commit' });
  await live.return?.();
  expect(numbers(await replay).length).toBeGreaterThanOrEqual(commits.length);
  await expect(firstValueFrom(client.machine('nobody').replay().observable)).rejects.toMatchObject({
    code: 'no-such-machine',
  });
});

it('PLAY-5: what a replay is told before it is connected is done, in order', async () => {
  const proxy = await startProxy(daemon.url);
  proxy.refuse(true);
  const shaky = connect(proxy.url);
  const replay = shaky.machine('film').replay({ paused: true });
  const got: ReplayItem[] = [];
  const subscription = replay.observable.subscribe((item) => got.push(item));
  replay.seek(5);
  replay.step(2);
  proxy.refuse(false);
  await expect.poll(() => got.at(-1)).toMatchObject({ kind: 'state', state: 'paused', position: { commit: 7 } });
  expect(numbers(got)).toEqual([6, 7]);
  subscription.unsubscribe();
  shaky.close();
  await proxy.close();
});

it('PLAY-5: a replay that has ended has ended, also when the connection breaks and the log has gone on', async () => {
  const proxy = await startProxy(daemon.url);
  const shaky = connect(proxy.url);
  const got: ReplayItem[] = [];
  const end = (await machine.summary()).position.commit;
  const replay = shaky.machine('film').replay({ pace: 'instant' });
  const subscription = replay.observable.subscribe((item) => got.push(item));
  const ends = (): number => got.filter((item) => item.kind === 'state' && item.state === 'ended').length;
  await expect.poll(ends).toBe(1);
  await machine.command({ type: 'unload', module: 'later' });
  proxy.cut();
  await expect.poll(ends).toBe(2);
  expect(numbers(got)).toEqual(range(1, end));
  subscription.unsubscribe();
  shaky.close();
  await proxy.close();
});

it('PLAY-4: what is told to a subscription that is no replay is a frame in error, to one that ended nothing', async () => {
  const raw = await openRaw(daemon.url);
  await raw.next();
  raw.send({ type: 'subscribe', subscription: 1, machine: 'film', from: 'now' });
  expect([(await raw.next()).type, (await raw.next()).type]).toEqual(['subscribed', 'live']);
  raw.send({ type: 'control', subscription: 1, play: true });
  expect(await raw.next()).toMatchObject({ type: 'error', error: { code: 'bad-frame' } });
  raw.send({ type: 'control', subscription: 2, play: true });
  raw.send({ type: 'replay', subscription: 3, machine: 'film', from: 'start', pace: 'fast' });
  expect(await raw.next()).toMatchObject({ type: 'end', subscription: 3, error: { code: 'bad-frame' } });
  raw.socket.terminate();
});
