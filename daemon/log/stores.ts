/** Where a daemon keeps what it has to remember: the one place that chooses between the stores. */
import { type BlobStore, openMemoryBlobs } from './blobs.ts';
import { openFileBlobs } from './blobs-files.ts';
import { openRedisBlobs } from './blobs-redis.ts';
import { openLmdbLog } from './lmdb.ts';
import type { EventLog } from './log.ts';
import { openMemoryLog } from './memory.ts';
import { openRedisLog } from './redis.ts';
import { connectRedis } from './redis-client.ts';
import { checkForm } from './redis-reply.ts';
import { settingsWarnings } from './redis-settings.ts';

export type StoreConfig = { readonly dataDir: string } | { readonly redisUrl: string } | { readonly memory: true };

export type Stores = {
  readonly log: EventLog;
  readonly blobs: BlobStore;
  /** Settings under which something can get lost, one line each. */
  readonly warnings: readonly string[];
  close(): Promise<void>;
};

/** @throws StoreError when a folder is locked or not ours, or when Redis can't be reached. */
export async function openStores(config: StoreConfig): Promise<Stores> {
  if ('redisUrl' in config) return openRedis(config.redisUrl);
  const log = 'memory' in config ? openMemoryLog() : await openLmdbLog(config.dataDir);
  const blobs = 'memory' in config ? openMemoryBlobs() : openFileBlobs(config.dataDir);
  return { log, blobs, warnings: [], close: () => log.close() };
}

async function openRedis(url: string): Promise<Stores> {
  const client = await connectRedis(url);
  try {
    await checkForm(client);
  } catch (error) {
    client.disconnect();
    throw error;
  }
  const log = openRedisLog(client);
  return {
    log,
    blobs: openRedisBlobs(client),
    warnings: await settingsWarnings(client),
    close: async () => {
      await log.close();
      client.disconnect();
    },
  };
}
