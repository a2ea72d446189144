import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keysOf } from '../../daemon/log/redis-keys.ts';
import { STAGED_SECONDS } from '../../daemon/log/redis-staging.ts';
import { openStores, type Stores } from '../../daemon/log/stores.ts';
import { noRedisServer, type RedisServer, startRedis } from '../support/redis.ts';

const EPOCH = 'epoch001';
const missing = noRedisServer();

describe('machines in the making in Redis', () => {
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
  });
  afterAll(async () => {
    raw.disconnect();
    await stores.close();
    await server.close();
  });

  it('LOG-23: what nobody adds to expires; what is published stays', async () => {
    const { commits, ids } = keysOf('m', EPOCH);
    const staging = stores.log.stage('m', EPOCH);
    await staging.append([{ id: 'c1', text: 'x' }]);
    for (const key of [commits, ids]) {
      await raw.expire(key, 5);
      expect(await raw.ttl(key)).toBeLessThanOrEqual(5);
    }
    await staging.append([{ id: 'c2', text: 'x' }]);
    for (const key of [commits, ids]) {
      expect(await raw.ttl(key)).toBeGreaterThan(5);
      expect(await raw.ttl(key)).toBeLessThanOrEqual(STAGED_SECONDS);
    }
    await staging.publish();
    for (const key of [commits, ids]) expect(await raw.ttl(key)).toBe(-1);
  });

  it('LOG-23: what expired, in whole or in part, is not published', async () => {
    for (const part of ['commits', 'ids'] as const) {
      const name = `expired-${part}`;
      const staging = stores.log.stage(name, EPOCH);
      await staging.append([{ id: 'c1', text: 'x' }]);
      await raw.del(keysOf(name, EPOCH)[part]);
      await expect(staging.publish()).rejects.toMatchObject({ code: 'store-unavailable', temporary: true });
      if (part === 'commits') {
        await expect(staging.append([{ id: 'c2', text: 'x' }])).rejects.toThrow('staged commits are gone');
      }
      await staging.discard();
      expect(await stores.log.head(name)).toBeUndefined();
      expect(await raw.exists(...Object.values(keysOf(name, EPOCH)))).toBe(0);
    }
  });

  it('LOG-23: a publish whose answer was lost can be repeated', async () => {
    const staging = stores.log.stage('again', EPOCH);
    await staging.append([{ id: 'c1', text: 'x' }]);
    // As if the first publish had come through and its answer had not.
    const { machine } = keysOf('again', EPOCH);
    await raw.hset(machine, { form: '1', epoch: EPOCH, first: '1', head: '1', boot: 'c1' });
    expect(await staging.publish()).toEqual({ status: 'created', epoch: EPOCH, head: 1 });
    await staging.discard();
    expect(await stores.log.read('again', EPOCH, { after: 0 })).toMatchObject({ entries: [{ id: 'c1' }] });
  });
});
