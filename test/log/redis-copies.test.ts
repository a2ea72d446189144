import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256Of } from '../../daemon/log/blobs.ts';
import { machineKey } from '../../daemon/log/redis-keys.ts';
import { openStores, type Stores } from '../../daemon/log/stores.ts';
import { startProxy, type TcpProxy } from '../sdk/proxy.ts';
import { noRedisServer, type RedisServer, startRedis } from '../support/redis.ts';
import { type RedisCluster, startCluster, until } from '../support/redis-cluster.ts';
import { retried } from './answered.ts';
import { conformance } from './conformance.ts';

const EPOCH = 'epoch001';
const CRASHES = 4;
/** A replica is served when it comes, and not in a while with others that may come. */
const AT_ONCE = { 'repl-diskless-sync-delay': '0' };
const missing = noRedisServer();
const entry = (id: string) => ({ id, text: `text of ${id}` });

describe.skipIf(missing !== undefined)(`what replicas have${missing === undefined ? '' : `, ${missing}`}`, () => {
  let primary: RedisServer;
  let replica: RedisServer;
  /** Between the two. */
  let link: TcpProxy;
  let open: Stores[] = [];
  const stores = async (redisUrl: string, replicas: number): Promise<Stores> => {
    const opened = await openStores({ redisUrl, replicas });
    open.push(opened);
    return opened;
  };

  beforeAll(async () => {
    [primary, replica] = await Promise.all([startRedis(AT_ONCE), startRedis(AT_ONCE)]);
    link = await startProxy(primary.url);
  });
  afterAll(async () => {
    for (const opened of open) await opened.close();
    await link.close();
    await Promise.all([primary.close(), replica.close()]);
    open = [];
  });

  it('RED-8: what was answered is on the replica, however far behind that is; without replicas asked for it is not', async () => {
    await replica.ask('REPLICAOF', '127.0.0.1', link.port);
    await expect.poll(() => replica.ask('INFO', 'replication'), { timeout: 20_000 }).toContain('link_status:up');
    const [careful, careless] = [await stores(primary.url, 1), await stores(primary.url, 0)];
    await careful.log.create('kept', EPOCH, entry('boot'));
    await careless.log.create('risked', EPOCH, entry('boot'));
    // To the replica, so that what it gets is late: the proxy delays what the primary sends.
    link.delay(150);
    const appended = Array.from({ length: 5 }, (_, n) => careful.log.append('kept', EPOCH, n + 1, entry(`c${n + 2}`)));
    const blob = await careful.blobs.put(Buffer.from('a module'));
    await Promise.all(appended);
    link.refuse(true);
    link.cut();
    await careless.log.append('risked', EPOCH, 1, entry('c2'));
    await primary.kill();
    await replica.ask('REPLICAOF', 'NO', 'ONE');

    const after = await stores(replica.url, 0);
    expect(await after.log.head('kept')).toMatchObject({ head: 6 });
    expect(await after.log.head('risked')).toMatchObject({ head: 1 });
    expect(await after.blobs.get(sha256Of(Buffer.from('a module')))).toEqual(Buffer.from('a module'));
    expect(blob).toBe(sha256Of(Buffer.from('a module')));
    expect((await after.log.list()).machines.map(({ name }) => name)).toContain('kept');
    link.delay(0);
    link.refuse(false);
  });

  it('RED-8: without enough replicas a call fails, and the same id yields the first result when they are there', async () => {
    await primary.start();
    const { log } = await stores(primary.url, 1);
    const alone = log.create('alone', EPOCH, entry('boot'));
    await expect(alone).rejects.toMatchObject({ code: 'store-unavailable', temporary: true });
    await expect(alone).rejects.toThrow('0 of the 1 replicas asked for have it so far: repeat it with the same id');
    await expect(log.find('alone', EPOCH, 'boot')).rejects.toThrow('0 of the 1');
    await expect(log.check()).rejects.toThrow('0 of the 1');
    // A refusal promises nothing.
    expect(await log.append('alone', EPOCH, 7, entry('c2'))).toMatchObject({ status: 'version-conflict' });
    await replica.ask('REPLICAOF', '127.0.0.1', link.port);
    expect(await retried(() => log.create('alone', EPOCH, entry('boot')))).toMatchObject({ status: 'duplicate' });
    await log.check();
    const staging = log.stage('staged', EPOCH);
    await staging.append([entry('boot'), entry('c2')]);
    expect(await staging.publish()).toMatchObject({ status: 'created', head: 2 });
    expect(await log.remove('staged', EPOCH)).toEqual({ status: 'removed' });
  });
});

describe.skipIf(missing !== undefined)(
  `what replicas of a cluster have${missing === undefined ? '' : `, ${missing}`}`,
  () => {
    let cluster: RedisCluster;
    beforeAll(async () => {
      cluster = await startCluster(true);
    });
    afterAll(() => cluster.close());

    it('RED-8: each master is asked for its own', async () => {
      const { log, blobs, close } = await openStores({ redisUrl: cluster.url, replicas: 1 });
      for (const [at, master] of cluster.masters.entries()) {
        let name = '';
        for (let n = 0; name === '' || (await cluster.masterOf(machineKey(name))) !== master; n++) name = `m${at}-${n}`;
        await log.create(name, EPOCH, entry('boot'));
        expect(await log.append(name, EPOCH, 1, entry('c2'))).toEqual({ status: 'appended', number: 2 });
        await blobs.put(Buffer.from(name));
        cluster.replicas[at]?.pause();
        await expect(log.append(name, EPOCH, 2, entry('c3'))).rejects.toThrow('0 of the 1 replicas asked for');
        await expect(log.check()).rejects.toThrow('0 of the 1');
        cluster.replicas[at]?.resume();
        expect(await retried(() => log.append(name, EPOCH, 2, entry('c3')))).toEqual({
          status: 'duplicate',
          number: 3,
        });
      }
      await close();
    });

    it(`RED-8: ${CRASHES} crashes of a master at any moment under load take nothing that was acknowledged`, {
      timeout: 120_000,
    }, async () => {
      const { log, close } = await openStores({ redisUrl: cluster.url, replicas: 1 });
      const pair = [cluster.masters[0], cluster.replicas[0]] as [RedisServer, RedisServer];
      let name = '';
      for (let n = 0; name === '' || (await cluster.masterOf(machineKey(name))) !== pair[0]; n++) name = `crash-${n}`;
      await log.create(name, EPOCH, entry('boot'));
      const answered = ['boot'];
      let writing = true;
      const writer = (async () => {
        for (let n = 0; writing; n++) {
          const result = await retried(() => log.append(name, EPOCH, answered.length, entry(`w${n}`), answered.at(-1)));
          expect(result).toMatchObject({ number: answered.length + 1 });
          answered.push(`w${n}`);
        }
      })();
      const moreAnswers = async (): Promise<void> => {
        const before = answered.length;
        while (answered.length < before + 10) await Promise.race([sleep(5), writer]);
      };
      const isMaster = async (node: RedisServer): Promise<boolean> =>
        ((await node.ask('ROLE')) as [string])[0] === 'master';
      for (let round = 0; round < CRASHES; round++) {
        await moreAnswers();
        await sleep(Math.random() * 100);
        const [master, replica] = (await isMaster(pair[0])) ? pair : ([pair[1], pair[0]] as const);
        await master.kill();
        await until([replica], isMaster);
        await master.start();
      }
      await moreAnswers();
      writing = false;
      await writer;
      const page = await log.read(name, EPOCH, { after: 0, limit: answered.length + 1, maxBytes: 1 << 30 });
      expect(page.status === 'page' && page.entries.map(({ id }) => id)).toEqual(answered);
      await close();
    });
  },
);

if (missing === undefined) {
  conformance('Redis whose replica is asked', async () => {
    const [server, replica] = await Promise.all([startRedis(AT_ONCE), startRedis(AT_ONCE)]);
    await replica.ask('REPLICAOF', '127.0.0.1', server.port);
    const config = { redisUrl: server.url, replicas: 1 };
    const [stores, other] = await Promise.all([openStores(config), openStores(config)]);
    await until([replica], async (node) => String(await node.ask('INFO', 'replication')).includes('link_status:up'));
    return {
      log: stores.log,
      other: other.log,
      close: async () => {
        await Promise.all([stores.close(), other.close()]);
        await Promise.all([server.close(), replica.close()]);
      },
    };
  });
}
