/** A Redis that comes back with older data, as after a failover to a replica that was behind: commits are lost. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openStores, type Stores } from '../../daemon/log/stores.ts';
import type { Runtime } from '../../daemon/pipelines/runtime.ts';
import { runSubscription } from '../../daemon/pipelines/subscription.ts';
import { noRedisServer, type RedisServer, startRedis } from '../support/redis.ts';
import { bootAndLoad, eventTypes, load, must, openTestRuntime, stored } from './world.ts';

const missing = noRedisServer();

describe('when the store has lost its newest commits', () => {
  if (missing !== undefined) {
    it.skip(missing, () => undefined);
    return;
  }
  let server: RedisServer;
  let stores: readonly Stores[];
  let mine: Runtime;
  let theirs: Runtime;

  beforeEach(async () => {
    server = await startRedis();
    stores = await Promise.all([1, 2].map(() => openStores({ redisUrl: server.url })));
    [mine, theirs] = stores.map(({ log }) => openTestRuntime(log)) as [Runtime, Runtime];
    await bootAndLoad(mine, 'm', 2);
    await server.ask('SAVE');
  });
  afterEach(async () => {
    await Promise.all(stores.map((one) => one.close()));
    await server.close();
  });

  /** Back to what was saved, as a crash without an append-only file leaves it. */
  const lose = async (meanwhile: () => Promise<void> = async () => undefined): Promise<void> => {
    await server.kill();
    await meanwhile();
    await server.start();
    await expect
      .poll(() => Promise.all(stores.map(({ log }) => log.head('m').catch(() => undefined))))
      .toMatchObject([{ head: 3 }, { head: 3 }]);
  };
  const unload = async (runtime: Runtime, module: string): Promise<readonly string[]> => {
    const id = `unload-${module}-${runtime === mine}`;
    return eventTypes(must(await runtime.command('m', { id, command: { type: 'unload', module } })).text);
  };

  it('LOG-26: a daemon that has seen a lost commit goes on from what is there', async () => {
    await load(mine, 'm', 'lost');
    must(await mine.view('m'));
    await lose();
    expect(await unload(mine, 'lost')).toContain('ModuleUnloadFailed');
    expect(must(await mine.head('m'))).toMatchObject({ head: 4 });
    expect(must(await mine.view('m')).text).toBe(must(await theirs.view('m')).text);
  });

  it('LOG-26: nothing is decided, or shown, by a lost commit whose number another one has', async () => {
    await load(mine, 'm', 'lost');
    expect(must(await mine.view('m')).text).toContain('"lost"');
    await lose();
    await load(theirs, 'm', 'other');
    expect(must(await mine.view('m')).text).not.toContain('"lost"');
    expect(await unload(mine, 'lost')).toContain('ModuleUnloadFailed');
    expect(await unload(mine, 'other')).toContain('ModuleGone');
    expect(must(await mine.head('m'))).toMatchObject({ head: 6 });
    expect(must(await mine.view('m')).text).toBe(must(await theirs.view('m')).text);
  });

  it('LOG-26: a view that was not looked at meanwhile takes no commit on top of a lost one', async () => {
    await load(mine, 'm', 'lost');
    must(await mine.view('m'));
    await lose();
    await load(theirs, 'm', 'other');
    await load(mine, 'm', 'next');
    expect(must(await mine.view('m')).text).toBe(must(await theirs.view('m')).text);
  });

  it('LOG-26: a view that was asked for while the store was away is no less told from what was lost', async () => {
    await load(mine, 'm', 'lost');
    must(await mine.view('m'));
    await lose(async () => {
      await expect(mine.view('m')).rejects.toMatchObject({ code: 'store-unavailable' });
    });
    await load(theirs, 'm', 'other');
    expect(must(await mine.view('m')).text).toBe(must(await theirs.view('m')).text);
  });

  it.each([
    ['another daemon', () => theirs],
    ['the same daemon', () => mine],
  ])(
    'LOG-26: a subscriber that was given a lost commit is told so when %s goes on, and given nothing',
    async (_, first) => {
      const { epoch } = must(await mine.head('m'));
      const seen: string[] = [];
      const stop = new AbortController();
      const ended = runSubscription(
        mine.world.hubs,
        'm',
        { epoch, commit: 3 },
        {
          commits: ({ entries }) => seen.push(...entries.map(({ id }) => id)),
          live: () => undefined,
          share: () => 1 << 20,
          full: () => false,
          room: async () => undefined,
        },
        stop.signal,
      );
      await load(mine, 'm', 'lost');
      await expect.poll(() => seen).toEqual(['m-load-lost']);
      await lose();
      must(await first().command('m', { id: 'first', command: { type: 'load', blob: stored('other') } }));
      must(await mine.command('m', { id: 'next', command: { type: 'load', blob: stored('next') } }));
      expect(await ended).toMatchObject({ code: 'position-ahead' });
      expect(seen).toEqual(['m-load-lost']);
      stop.abort();
    },
  );
});
