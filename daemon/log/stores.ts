/** Where a daemon keeps what it has to remember: the one place that chooses between the stores. */
import { type BlobStore, openMemoryBlobs } from './blobs.ts';
import { openFileBlobs } from './blobs-files.ts';
import { openRedisBlobs } from './blobs-redis.ts';
import { openLmdbLog } from './lmdb.ts';
import type { EventLog } from './log.ts';
import { openMemoryLog } from './memory.ts';
import { openRedisLog } from './redis.ts';
import { connectRedis, type RedisClient } from './redis-client.ts';
import { copiedBlobs, copiedLog, openCopied } from './redis-copies.ts';
import { checkForm } from './redis-reply.ts';
import { settingsWarnings } from './redis-settings.ts';

export type StoreConfig = { readonly dataDir: string } | RedisConfig | { readonly memory: true };

export type RedisConfig = {
  readonly redisUrl: string;
  /** How many replicas have to have a commit before it is acknowledged; 0 unless told. */
  readonly replicas?: number;
};

export type Stores = {
  readonly log: EventLog;
  readonly blobs: BlobStore;
  /** Settings under which something can get lost, one line each. */
  readonly warnings: readonly string[];
  close(): Promise<void>;
};

/** @throws StoreError when a folder is locked or not ours, or when Redis can't be reached. */
export async function openStores(config: StoreConfig): Promise<Stores> {
  if ('redisUrl' in config) return openRedis(config);
  const log = 'memory' in config ? openMemoryLog() : await openLmdbLog(config.dataDir);
  const blobs = 'memory' in config ? openMemoryBlobs() : openFileBlobs(config.dataDir);
  return { log, blobs, warnings: [], close: () => log.close() };
}

async function openRedis({ redisUrl, replicas = 0 }: RedisConfig): Promise<Stores> {
  const client = await connectRedis(redisUrl);
  let second: RedisClient | undefined;
  const disconnect = (): void => {
    client.disconnect();
    second?.disconnect();
  };
  try {
    await checkForm(client);
    const warnings = await settingsWarnings(client);
    if (replicas > 0) second = await connectRedis(redisUrl);
    const [log, blobs] = [openRedisLog(client), openRedisBlobs(client)];
    const close = (): Promise<void> => log.close().finally(disconnect);
    if (second === undefined) return { log, blobs, warnings, close };
    const copied = openCopied(second, replicas);
    return { log: copiedLog(log, copied), blobs: copiedBlobs(blobs, copied), warnings, close };
  } catch (error) {
    disconnect();
    throw error;
  }
}
