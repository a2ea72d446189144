import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TIMELINES } from '../../daemon/limits.ts';
import type { EventLog } from '../../daemon/log/log.ts';
import { openMemoryLog } from '../../daemon/log/memory.ts';
import { openStores, type Stores } from '../../daemon/log/stores.ts';
import type { Runtime } from '../../daemon/pipelines/runtime.ts';
import type { ViewAnswer } from '../../protocol/frames.ts';
import { callClasses } from '../../protocol/view/static-call.ts';
import type { TimelineAnswer, TimelineColumn } from '../../protocol/view/timeline.ts';
import { windowMaps } from '../../protocol/view/windows.ts';
import { fillLog } from '../bench/long-log.ts';
import { noRedisServer, type RedisServer, startRedis } from '../support/redis.ts';
import { bootAndLoad, commitsOf, load, must, openTestRuntime, refused } from './world.ts';

const here = new AbortController().signal;

const ask = async (runtime: Runtime, machine: string, points: number, at?: number): Promise<TimelineAnswer> =>
  must(await runtime.timeline({ machine, at, points }, here));

const sum = (numbers: readonly number[]): number => numbers.reduce((total, n) => total + n, 0);

/** What the last bucket has to say, but for what happened in it. */
async function standing(runtime: Runtime, name: string, at?: number) {
  const view = JSON.parse(must(await runtime.view(name, at)).text) as ViewAnswer['view'];
  const used = (window: string): number => windowMaps(view).find((map) => map.window === window)?.used ?? 0;
  const sites = callClasses(view.staticCalls);
  return {
    to: view.commit,
    time: view.time,
    usedDirect: used('direct'),
    usedFallback: used('fallback'),
    modules: view.modules.length,
    veneers: view.now.veneers,
    branchesDirect: view.now.direct,
    branchesVeneer: view.now.veneer,
    sitesDirect: sites.direct,
    sitesVeneer: sites.veneer,
    sitesVeneers: sites.veneers,
    sitesTrapped: sites.trapped,
    sitesNone: sites.none,
  };
}

function lastOf({ buckets }: TimelineAnswer): Partial<Record<TimelineColumn, number | undefined>> {
  const { events: _, patches: __, ...rest } = buckets;
  return Object.fromEntries(Object.entries(rest).map(([name, column]) => [name, column.at(-1)]));
}

/** A log that counts what is read of it, and says so before it reads. */
function watched(log: EventLog, before: (name: string, commits: number) => void | Promise<void> = () => undefined) {
  let commits = 0;
  const counting: EventLog = {
    ...log,
    async read(name, epoch, options) {
      await before(name, commits);
      const page = await log.read(name, epoch, options);
      if (page.status === 'page') commits += page.entries.length;
      return page;
    },
  };
  return { log: counting, commits: () => commits };
}

describe('timelines on stores that last', { timeout: 120_000 }, () => {
  let folder: string;
  let redis: RedisServer | undefined;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'veneerd-timeline-'));
    if (noRedisServer() === undefined) redis = await startRedis();
  });
  afterAll(async () => {
    await redis?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const open = async (store: string): Promise<Stores> => {
    if (store === 'lmdb') return openStores({ dataDir: folder });
    if (redis === undefined) throw new Error('no Redis');
    return openStores({ redisUrl: redis.url });
  };

  for (const store of ['lmdb', 'redis']) {
    it.skipIf(store === 'redis' && noRedisServer() !== undefined)(
      `TIME-6: the last bucket is the view at that position, in a log of many commits in ${store}`,
      async () => {
        const stores = await open(store);
        const runtime = openTestRuntime(stores.log);
        try {
          // So many that one bucket that is kept has two commits.
          const commits = 9_001;
          await fillLog(stores.log, 'm', commits);
          const events = (await commitsOf(runtime, 'm')).map((commit) => commit.events.length);
          expect(lastOf(await ask(runtime, 'm', 100))).toEqual(await standing(runtime, 'm'));
          for (const at of [0, 1, 2, 101, 4_001, 8_999, commits]) {
            const timeline = await ask(runtime, 'm', 50, at);
            const { epoch } = must(await runtime.head('m'));
            expect(timeline).toMatchObject({ position: { epoch, commit: at }, first: 1 });
            expect(timeline.buckets.to.length).toBeLessThanOrEqual(50);
            expect(sum(timeline.buckets.events)).toBe(sum(events.slice(0, at)));
            if (at > 0) expect(lastOf(timeline)).toEqual(await standing(runtime, 'm', at));
          }
        } finally {
          await runtime.close();
          await stores.close();
        }
      },
    );

    it.skipIf(store === 'redis' && noRedisServer() !== undefined)(
      `TIME-8: a machine that was trimmed, or made again, has the timeline of what is kept in ${store}`,
      async () => {
        const stores = await open(store);
        const runtime = openTestRuntime(stores.log);
        try {
          await bootAndLoad(runtime, 't', 12);
          const whole = await ask(runtime, 't', 100);
          expect(whole.first).toBe(1);
          const { commit } = must(await runtime.world.snapshots.ensure('t'));
          await load(runtime, 't', 'after');
          const { epoch } = must(await runtime.head('t'));
          expect(await stores.log.trim('t', epoch, commit)).toEqual({ status: 'trimmed', first: commit + 1 });
          const empty = await ask(runtime, 't', 100, commit);
          expect(empty).toMatchObject({ position: { epoch, commit }, first: commit + 1, buckets: { to: [] } });
          const kept = await ask(runtime, 't', 100);
          expect(kept).toMatchObject({ first: commit + 1, buckets: { to: [commit + 1], modules: [13] } });
          expect(lastOf(kept)).toEqual(await standing(runtime, 't'));
          expect(await runtime.timeline({ machine: 't', at: commit - 1, points: 9 }, here)).toMatchObject({
            error: { code: 'position-trimmed' },
          });

          must(await runtime.remove('t'));
          expect(await runtime.timeline({ machine: 't', at: undefined, points: 9 }, here)).toMatchObject({
            error: { code: 'no-such-machine' },
          });
          await bootAndLoad(runtime, 't', 1);
          const anew = await ask(runtime, 't', 100);
          expect(anew).toMatchObject({ first: 1, buckets: { to: [1, 2], modules: [0, 1] } });
          expect(anew.position.epoch).not.toBe(epoch);
        } finally {
          await runtime.close();
          await stores.close();
        }
      },
    );
  }

  it.skipIf(noRedisServer() !== undefined)(
    'TIME-8: commits that the store has lost are in no timeline, whoever has taken their numbers',
    async () => {
      if (redis === undefined) return;
      const [mine, theirs] = await Promise.all([open('redis'), open('redis')]);
      const [asked, other] = [openTestRuntime(mine.log), openTestRuntime(theirs.log)];
      try {
        await bootAndLoad(asked, 'l', 2);
        await redis.ask('SAVE');
        await load(asked, 'l', 'lost-one');
        await load(asked, 'l', 'lost-two');
        expect((await ask(asked, 'l', 100)).buckets.modules).toEqual([0, 1, 2, 3, 4]);
        await redis.kill();
        await redis.start();
        await expect.poll(() => theirs.log.head('l').catch(() => undefined)).toMatchObject({ head: 3 });
        await expect.poll(() => mine.log.head('l').catch(() => undefined)).toMatchObject({ head: 3 });
        expect((await ask(asked, 'l', 100)).buckets.modules).toEqual([0, 1, 2]);
        await load(asked, 'l', 'lost-again');
        expect((await ask(asked, 'l', 100)).buckets.modules).toEqual([0, 1, 2, 3]);
        await redis.kill();
        await redis.start();
        await expect.poll(() => theirs.log.head('l').catch(() => undefined)).toMatchObject({ head: 3 });
        for (let n = 1; n <= 3; n++) must(await refused(other, 'l', n));
        await expect.poll(() => mine.log.head('l').catch(() => undefined)).toMatchObject({ head: 6 });
        expect((await ask(asked, 'l', 100)).buckets.modules).toEqual([0, 1, 2, 2, 2, 2]);
      } finally {
        await Promise.all([asked.close(), other.close()]);
        await Promise.all([mine.close(), theirs.close()]);
      }
    },
  );
});

describe('timelines', () => {
  it('TIME-6: after the first only what is new is read', async () => {
    const inner = openMemoryLog();
    const writer = openTestRuntime(inner);
    await bootAndLoad(writer, 'm', 300);
    const { log, commits } = watched(inner);
    const runtime = openTestRuntime(log);
    await ask(runtime, 'm', 100);
    expect(commits()).toBe(301);
    await load(writer, 'm', 'next');
    expect((await ask(runtime, 'm', 100)).position.commit).toBe(302);
    await ask(runtime, 'm', 7);
    await ask(runtime, 'm', 9, 150);
    expect(commits()).toBe(302);
    await Promise.all([runtime.close(), writer.close()]);
  });

  it('TIME-7: who asks at the same time shares one pass', async () => {
    const inner = openMemoryLog();
    const writer = openTestRuntime(inner);
    await bootAndLoad(writer, 'm', 600);
    const { log, commits } = watched(inner);
    const runtime = openTestRuntime(log);
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(runtime, 'm', 100)));
    expect(commits()).toBe(601);
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    await Promise.all([runtime.close(), writer.close()]);
  });

  it('TIME-7: a pass that nobody waits for stops, and the next one goes on from there', async () => {
    const gone = new AbortController();
    const late = new AbortController();
    const inner = openMemoryLog();
    const writer = openTestRuntime(inner);
    await bootAndLoad(writer, 'm', 1100);
    const { log, commits } = watched(inner, (_, read) => {
      if (read >= 256) gone.abort();
      if (read >= 768) late.abort();
    });
    const runtime = openTestRuntime(log);
    const asked = (signal: AbortSignal) => runtime.timeline({ machine: 'm', at: undefined, points: 9 }, signal);
    // One of the two stays longer.
    const first = await Promise.all([asked(gone.signal), asked(late.signal)]);
    for (const outcome of first) expect(outcome).toMatchObject({ error: { code: 'shutting-down', temporary: true } });
    expect(commits()).toBeGreaterThan(256);
    expect(commits()).toBeLessThan(1101);
    const given = commits();
    const answer = await ask(runtime, 'm', 9);
    expect(lastOf(answer)).toEqual(await standing(writer, 'm'));
    // What was read and not looked at when it stopped: two pages.
    expect(commits() - given).toBeLessThanOrEqual(1101 - given + 512);
    await Promise.all([runtime.close(), writer.close()]);
  });

  it('TIME-7: so many machines are made at the same time, and so many are kept', async () => {
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const inner = openMemoryLog();
    const writer = openTestRuntime(inner);
    const names = Array.from({ length: TIMELINES + 1 }, (_, i) => `m${i}`);
    for (const name of names) await bootAndLoad(writer, name, 3);
    const held = new Set<string>();
    const { log, commits } = watched(inner, async (name) => {
      held.add(name);
      await gate;
    });
    const runtime = openTestRuntime(log);
    const under = names.slice(0, TIMELINES);
    const asked = Promise.all(under.map((name) => ask(runtime, name, 9)));
    await expect.poll(() => held.size).toBe(TIMELINES);
    const last = names.at(-1) ?? '';
    expect(await runtime.timeline({ machine: last, at: undefined, points: 9 }, here)).toMatchObject({
      error: { code: 'too-busy', temporary: true },
    });
    open();
    for (const answer of await asked) expect(answer.buckets.modules).toEqual([0, 1, 2, 3]);
    expect((await ask(runtime, last, 9)).buckets.modules).toEqual([0, 1, 2, 3]);
    const before = commits();
    await ask(runtime, last, 9);
    expect(commits()).toBe(before);
    // The least recently used one made room.
    await ask(runtime, under[0] ?? '', 9);
    expect(commits()).toBe(before + 4);
    await Promise.all([runtime.close(), writer.close()]);
  });
});
