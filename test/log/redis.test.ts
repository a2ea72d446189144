import { describe, it } from 'vitest';
import { openStores } from '../../daemon/log/stores.ts';
import { noRedisServer, startRedis } from '../support/redis.ts';
import { conformance } from './conformance.ts';

const missing = noRedisServer();
if (missing !== undefined) {
  describe('the event log on Redis', () => {
    it.skip(missing, () => undefined);
  });
} else {
  conformance('Redis', async () => {
    const server = await startRedis();
    let stores = await openStores({ redisUrl: server.url });
    const other = await openStores({ redisUrl: server.url });
    return {
      log: stores.log,
      other: other.log,
      reopen: async () => {
        await stores.close();
        stores = await openStores({ redisUrl: server.url });
        return stores.log;
      },
      close: async () => {
        await stores.close();
        await other.close();
        await server.close();
      },
    };
  });
}
