import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keysOf } from '../../daemon/log/redis-keys.ts';
import { openStores, type Stores } from '../../daemon/log/stores.ts';
import { noRedisServer, type RedisServer, startRedis } from '../support/redis.ts';

const EPOCH = 'epoch001';
const missing = noRedisServer();

describe('appends to Redis', () => {
  if (missing !== undefined) {
    it.skip(missing, () => undefined);
    return;
  }
  let server: RedisServer;
  let stores: Stores;
  let raw: Redis;
  let machines = 0;
  beforeAll(async () => {
    server = await startRedis();
    stores = await openStores({ redisUrl: server.url });
    raw = new Redis(server.url);
  });
  afterAll(async () => {
    raw.disconnect();
    await stores.close();
    await server.close();
  });

  const booted = async (commits: number): Promise<string> => {
    const name = `appends-${++machines}`;
    await stores.log.create(name, EPOCH, { id: 'c1', text: 'text 1' });
    for (let n = 1; n < commits; n++) await stores.log.append(name, EPOCH, n, { id: `c${n + 1}`, text: 'x' });
    return name;
  };
  const sent = (name: string, count: number, text: string) =>
    Promise.all(Array.from({ length: count }, (_, n) => stores.log.append(name, EPOCH, n + 1, { id: `s${n}`, text })));
  /** The number of transactions that Redis has carried out while `work` was done. */
  const transactions = async (work: () => Promise<unknown>): Promise<number> => {
    await raw.config('RESETSTAT');
    await work();
    return Number(/cmdstat_exec:calls=(\d+)/.exec(await raw.info('commandstats'))?.[1] ?? 0);
  };
  /** How many entries the stream has, and what may follow them. */
  const stream = async (name: string): Promise<readonly unknown[]> => {
    const info = (await raw.xinfo('STREAM', keysOf(name, EPOCH).commits)) as unknown[];
    return ['length', 'last-generated-id'].map((field) => info[info.indexOf(field) + 1]);
  };

  it('LOG-7: those that come together share a transaction of a MiB at most', async () => {
    const small = await booted(1);
    expect(await transactions(() => sent(small, 200, 'x'))).toBe(1);
    expect(await stream(small)).toEqual([201, '201-0']);
    const large = await booted(1);
    expect(await transactions(() => sent(large, 8, 'x'.repeat(400_000)))).toBe(4);
    expect(await stream(large)).toEqual([9, '9-0']);
    const huge = await booted(1);
    expect(await transactions(() => sent(huge, 2, 'x'.repeat(3 << 20)))).toBe(2);
  });

  it('LOG-7: a refused append adds nothing and leaves the stream open for what follows the head', async () => {
    const name = await booted(3);
    const refused = async (expected: number, id: string, expectedId?: string): Promise<void> => {
      await stores.log.append(name, EPOCH, expected, { id, text: 'x' }, expectedId);
      expect(await stream(name)).toEqual([3, '3-0']);
    };
    await refused(2, 'a');
    await refused(7, 'a');
    await refused(3, 'c2');
    await refused(3, 'a', 'c2');
    // As an append without a transaction does.
    await raw.xadd(keysOf(name, EPOCH).commits, '4-0', 'id', 'c4', 'text', 'x');
  });

  it('LOG-4: an append to a machine that is gone leaves nothing behind', async () => {
    const name = await booted(3);
    await stores.log.remove(name, EPOCH);
    await stores.log.append(name, EPOCH, 3, { id: 'a', text: 'x' });
    await stores.log.create(name, 'epoch002', { id: 'c1', text: 'x' });
    await stores.log.append(name, EPOCH, 3, { id: 'a', text: 'x' });
    expect(await raw.keys(`*{${name}}:${EPOCH}*`)).toEqual([]);
  });

  it('LOG-19: what is damaged is named, and nothing is added to it', async () => {
    const append = (name: string) => stores.log.append(name, EPOCH, 3, { id: 'a', text: 'x' });
    const corrupt = { code: 'store-corrupt' };
    for (const field of ['head', 'first']) {
      const name = await booted(3);
      const { machine } = keysOf(name, EPOCH);
      await raw.hset(machine, field, 'damaged');
      await expect(append(name)).rejects.toMatchObject(corrupt);
      await expect(append(name)).rejects.toThrow(machine);
      expect((await stream(name))[0]).toBe(3);
      await raw.hset(machine, field, field === 'head' ? '3' : '1');
      expect(await append(name)).toEqual({ status: 'appended', number: 4 });
    }

    const lost = await booted(3);
    await raw.del(keysOf(lost, EPOCH).commits);
    await expect(append(lost)).rejects.toMatchObject(corrupt);
    expect(await raw.exists(keysOf(lost, EPOCH).commits)).toBe(0);

    const ahead = await booted(3);
    await raw.xadd(keysOf(ahead, EPOCH).commits, '5-0', 'some', 'thing');
    await expect(append(ahead)).rejects.toThrow(keysOf(ahead, EPOCH).commits);
    expect(await stores.log.head(ahead)).toMatchObject({ head: 3 });
    expect((await stream(ahead))[0]).toBe(4);
  });
});
