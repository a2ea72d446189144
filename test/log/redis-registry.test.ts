/** The list of machines in Redis, which lives in another slot than they do. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EventLog } from '../../daemon/log/log.ts';
import { openRedisLog } from '../../daemon/log/redis.ts';
import { connectRedis, type RedisClient, script } from '../../daemon/log/redis-client.ts';
import { noRedisServer, type RedisServer, startRedis } from '../support/redis.ts';

const missing = noRedisServer();
const entry = { id: 'c1', text: 'x' };

describe('the list of machines in Redis', () => {
  if (missing !== undefined) {
    it.skip(missing, () => undefined);
    return;
  }
  let server: RedisServer;
  let client: RedisClient;
  let log: EventLog;
  beforeAll(async () => {
    server = await startRedis();
    client = await connectRedis(server.url);
    log = openRedisLog(client);
  });
  afterAll(async () => {
    await log.close();
    client.disconnect();
    await server.close();
  });

  /** A log whose script waits for `before`. */
  const late = (name: string, before: () => Promise<unknown>): EventLog => {
    const { sha1 } = script(name);
    const evalsha = async (sha: string, ...rest: [number, ...string[]]): Promise<unknown> => {
      if (sha === sha1) await before();
      return client.evalsha(sha, ...rest);
    };
    const slow = new Proxy(client, {
      get(_, key) {
        const found: unknown = key === 'evalsha' ? evalsha : Reflect.get(client, key);
        return typeof found === 'function' ? found.bind(client) : found;
      },
    });
    return openRedisLog(slow);
  };

  it.each(['create', 'publish'])(
    'LOG-5: a %s that is late misses nothing when another daemon made that machine, and removed it',
    async (how) => {
      const slow = late(how, async () => {
        await log.create(how, 'epoch002', entry);
        await log.remove(how, 'epoch002');
      });
      if (how === 'create') await slow.create(how, 'epoch001', entry);
      else {
        const staging = slow.stage(how, 'epoch001');
        await staging.append([entry]);
        await staging.publish();
      }
      expect(await log.head(how)).toMatchObject({ epoch: 'epoch001' });
      expect((await log.list()).machines.map(({ name }) => name)).toContain(how);
      await slow.close();
    },
  );
});
