import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { machineKey } from '../../daemon/log/redis-keys.ts';
import { openStores, type Stores } from '../../daemon/log/stores.ts';
import { noRedisServer, type RedisServer } from '../support/redis.ts';
import { moveSlot, type RedisCluster, isWhole as servesAll, startCluster, until } from '../support/redis-cluster.ts';
import { untilAnswered } from './answered.ts';
import { isWhole } from './provable.ts';

const EPOCH = 'epoch001';
const missing = noRedisServer();

describe.skipIf(missing !== undefined)(`a cluster in trouble${missing === undefined ? '' : `, ${missing}`}`, () => {
  let cluster: RedisCluster;
  let stores: Stores;
  let machines = 0;

  beforeAll(async () => {
    cluster = await startCluster(true);
    stores = await openStores({ redisUrl: cluster.url });
  });
  afterAll(async () => {
    await stores.close();
    await cluster.close();
  });

  /** A machine on this master. */
  async function machineOn(master: RedisServer): Promise<string> {
    for (;;) {
      const name = `moved-${++machines}`;
      if ((await cluster.masterOf(machineKey(name))) !== master) continue;
      await stores.log.create(name, EPOCH, { id: 'boot', text: 'x' });
      return name;
    }
  }

  /** Appends and follows until `end`, which checks that the follower and the log have every answered commit once. */
  function load(name: string) {
    const answered: string[] = [];
    const seen: string[] = [];
    const stop = new AbortController();
    let writing = true;
    const follower = (async () => {
      for await (const page of stores.log.follow(name, EPOCH, 1, stop.signal)) {
        for (const { number, id, text } of page) {
          expect([number, isWhole(id, text)]).toEqual([seen.length + 2, true]);
          seen.push(id);
        }
      }
    })();
    const writer = (async () => {
      for (let n = 0; writing; n++) {
        const result = await untilAnswered(stores.log, name, EPOCH, answered.length + 1, `w${n}`);
        expect(result).toMatchObject({ number: answered.length + 2 });
        answered.push(`w${n}`);
      }
    })();
    return {
      async moreAnswers(): Promise<void> {
        const before = answered.length;
        while (answered.length < before + 20) await Promise.race([sleep(5), writer]);
      },
      async end(): Promise<void> {
        writing = false;
        await writer;
        while (seen.length < answered.length) await Promise.race([sleep(5), follower]);
        stop.abort();
        await follower;
        expect(seen).toEqual(answered);
        expect(await stores.log.head(name)).toMatchObject({ head: answered.length + 1 });
      },
    };
  }

  it('RED-5: a slot moves to another node under load, and nothing is lost or doubled', async () => {
    const [from, to, third] = cluster.masters as [RedisServer, RedisServer, RedisServer];
    const name = await machineOn(from);
    await stores.log.putSnapshot(name, EPOCH, 1, Buffer.from('state'));
    const under = load(name);
    await under.moreAnswers();
    let asked = 0;
    await moveSlot(machineKey(name), from, to, [third], async () => {
      // Where a machine is half here and half there it has to wait; its neighbour in the slot need not exist.
      await stores.log.find(name, EPOCH, `asked-${asked++}`).catch((error) => expect(error.temporary).toBe(true));
    });
    await under.moreAnswers();
    await under.end();
    expect(asked).toBeGreaterThan(4);
    expect((await stores.log.latestSnapshot(name, EPOCH, 1))?.bytes).toEqual(Buffer.from('state'));
    expect(await to.ask('EXISTS', machineKey(name))).toBe(1);
  });

  it('RED-3: the trial write asks every master', async () => {
    for (const master of cluster.masters) {
      await master.ask('CONFIG', 'SET', 'maxmemory', '1');
      await expect(stores.log.check()).rejects.toThrow('is out of memory');
      await master.ask('CONFIG', 'SET', 'maxmemory', '0');
      await stores.log.check();
    }
  });

  it('RED-6: a replica that is told to take over does so under load, and nothing is lost or doubled', async () => {
    const [, , master] = cluster.masters as [RedisServer, RedisServer, RedisServer];
    const [, , replica] = cluster.replicas as [RedisServer, RedisServer, RedisServer];
    const under = load(await machineOn(master));
    await under.moreAnswers();
    await replica.ask('CLUSTER', 'FAILOVER');
    await until([replica], async (node) => ((await node.ask('ROLE')) as [string])[0] === 'master');
    await under.moreAnswers();
    await under.end();
    await allServe();
  });

  /** Resolves when a replica has all that its master has: replication does not wait for anybody. */
  async function untilCopied(master: RedisServer, replica: RedisServer): Promise<void> {
    const offset = async (node: RedisServer, field: string): Promise<string | undefined> =>
      new RegExp(`${field}:(\\d+)`).exec((await node.ask('INFO', 'replication')) as string)?.[1];
    await expect
      .poll(async () => (await offset(replica, 'slave_repl_offset')) === (await offset(master, 'master_repl_offset')), {
        timeout: 20_000,
      })
      .toBe(true);
  }

  const allServe = (): Promise<void> => until([...cluster.masters, ...cluster.replicas], servesAll);

  for (const [how, at, words] of [
    ['killed', 1, 'the Redis cluster at 127.0.0.1'],
    ['stopped', 0, 'does not answer; a write may be done: repeat it with the same id'],
  ] as const) {
    it(`RED-6: a replica takes over from a master that is ${how}, with all that it has`, async () => {
      const [master, replica] = [cluster.masters[at], cluster.replicas[at]] as [RedisServer, RedisServer];
      const name = await machineOn(master);
      for (let n = 1; n <= 50; n++) await stores.log.append(name, EPOCH, n, { id: `c${n}`, text: 'x' });
      const pages = stores.log.follow(name, EPOCH, 51, new AbortController().signal)[Symbol.asyncIterator]();
      const next = pages.next();
      await untilCopied(master, replica);
      if (how === 'killed') await master.kill();
      else master.pause();
      const refused = stores.log.append(name, EPOCH, 51, { id: 'while', text: 'x' });
      await expect(refused).rejects.toMatchObject({ code: 'store-unavailable', temporary: true });
      await expect(refused).rejects.toThrow(words);
      expect(await untilAnswered(stores.log, name, EPOCH, 51, 'after')).toEqual({ status: 'appended', number: 52 });
      expect((await next).value).toMatchObject([{ number: 52, id: 'after' }]);
      if (how === 'killed') await master.start();
      else master.resume();
      await allServe();
      expect(await stores.log.append(name, EPOCH, 52, { id: 'last', text: 'x' })).toMatchObject({ number: 53 });
    });
  }

  it('RED-3: a cluster that misses nodes for some slots refuses all, until they are back', async () => {
    const [master, , other] = cluster.masters as [RedisServer, RedisServer, RedisServer];
    const name = await machineOn(master);
    const [replica] = cluster.replicas.slice(2) as [RedisServer];
    await Promise.all([other.kill(), replica.kill()]);
    await expect
      .poll(() => stores.log.append(name, EPOCH, 9, { id: 'no', text: 'x' }).catch(String), { timeout: 20_000 })
      .toContain('misses nodes for some of its slots: start them, or fail over (CLUSTERDOWN');
    await Promise.all([other.start(), replica.start()]);
    expect(await untilAnswered(stores.log, name, EPOCH, 1, 'c2')).toEqual({ status: 'appended', number: 2 });
  });
});
