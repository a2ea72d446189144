import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FORM, keysOf, machineKey, REGISTRY } from '../../daemon/log/redis-keys.ts';
import { openStores, type Stores } from '../../daemon/log/stores.ts';
import { noRedisServer, type RedisServer, startRedis } from '../support/redis.ts';

const EPOCH = 'epoch001';
const missing = noRedisServer();

describe('what is in Redis', () => {
  if (missing !== undefined) {
    it.skip(missing, () => undefined);
    return;
  }
  let server: RedisServer;
  let stores: Stores;
  let raw: Redis;
  beforeAll(async () => {
    server = await startRedis();
    stores = await openStores({ redisUrl: server.url });
    raw = new Redis(server.url);
    for (const name of ['good', 'other', 'newer', 'whole']) {
      await stores.log.create(name, EPOCH, { id: 'c1', text: 'text 1' });
    }
  });
  afterAll(async () => {
    raw.disconnect();
    await stores.close();
    await server.close();
  });

  it('LOG-27: damaged machines are listed beside the whole ones, each with what is wrong', async () => {
    await raw.hset(machineKey('good'), 'head', 'x');
    await raw.set(machineKey('other'), 'foreign');
    await raw.hset(REGISTRY, 'nobody', EPOCH);
    const { machines, damaged } = await stores.log.list();
    expect(machines.map(({ name }) => name)).toEqual(['newer', 'whole']);
    expect(damaged.map(({ name }) => name)).toEqual(['good', 'other']);
    expect(damaged[0]?.message).toBe(`${machineKey('good')}: expected the number of a commit, found "x"`);
    expect(damaged[1]?.message).toContain(`${machineKey('other')}: expected a hash, found a string`);
  });

  it('LOG-27: while Redis is away the list is an error, and no machine is called damaged', async () => {
    await server.kill();
    await expect(stores.log.list()).rejects.toMatchObject({ code: 'store-unavailable', temporary: true });
    await server.start();
  });

  it('LOG-28: a machine that a newer version has written is refused by every call, and stays as it is', async () => {
    const { log } = stores;
    await expect.poll(() => log.create('newer', EPOCH, { id: 'c1', text: 'x' }).catch(() => undefined)).toBeDefined();
    const { machine } = keysOf('newer', EPOCH);
    await raw.hset(machine, 'form', '2');
    const before = await raw.hgetall(machine);
    const entry = { id: 'c2', text: 'x' };
    const calls = [
      () => log.head('newer'),
      () => log.append('newer', EPOCH, 1, entry),
      () => log.find('newer', EPOCH, 'c1'),
      () => log.read('newer', EPOCH, { after: 0 }),
      () => log.putSnapshot('newer', EPOCH, 1, Uint8Array.of(1)),
      () => log.latestSnapshot('newer', EPOCH, 1),
      () => log.trim('newer', EPOCH, 1),
      () => log.remove('newer', EPOCH),
    ];
    for (const call of calls) {
      await expect(call(), String(call)).rejects.toMatchObject({ code: 'store-newer', temporary: false });
      await expect(call()).rejects.toThrow(
        `${machine} is of form 2: a newer version of veneerd has written it, this one knows form 1`,
      );
    }
    expect(await raw.hgetall(machine)).toEqual(before);
    expect((await log.list()).damaged.map(({ name }) => name)).toContain('newer');
    await raw.hset(machine, 'form', '1');
    expect(await log.append('newer', EPOCH, 1, entry)).toEqual({ status: 'appended', number: 2 });
  });

  it('LOG-28: a Redis whose all is of a newer form is not opened', async () => {
    expect(await raw.get(FORM)).toBe('1');
    await raw.set(FORM, '2');
    await expect(openStores({ redisUrl: server.url })).rejects.toMatchObject({ code: 'store-newer' });
    await expect(openStores({ redisUrl: server.url })).rejects.toThrow(`${FORM} is of form 2: a newer version`);
    await raw.set(FORM, 'x');
    await expect(openStores({ redisUrl: server.url })).rejects.toMatchObject({ code: 'store-corrupt' });
    await raw.del(FORM);
    await (await openStores({ redisUrl: server.url })).close();
  });
});
