import { describe, it } from 'vitest';
import { openStores } from '../../daemon/log/stores.ts';
import { noRedisServer } from '../support/redis.ts';
import { startCluster } from '../support/redis-cluster.ts';
import { conformance } from './conformance.ts';

const missing = noRedisServer();
if (missing !== undefined) {
  describe('the event log on a Redis cluster', () => {
    it.skip(missing, () => undefined);
  });
} else {
  conformance('a Redis cluster', async () => {
    const cluster = await startCluster();
    let stores = await openStores({ redisUrl: cluster.url });
    const other = await openStores({ redisUrl: cluster.url });
    return {
      log: stores.log,
      other: other.log,
      reopen: async () => {
        await stores.close();
        stores = await openStores({ redisUrl: cluster.url });
        return stores.log;
      },
      close: async () => {
        await stores.close();
        await other.close();
        await cluster.close();
      },
    };
  });
}
