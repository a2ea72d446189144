/** Blobs in Redis: one string each, bytes as they are. */
import { type BlobStore, blobStore } from './blobs.ts';
import { guarded, type RedisClient } from './redis-client.ts';
import { blobKey } from './redis-keys.ts';

export function openRedisBlobs(client: RedisClient, maxBytes?: number): BlobStore {
  return blobStore(
    {
      where: blobKey,
      async put(sha256, bytes) {
        const key = blobKey(sha256);
        await guarded(client, [key], () => client.set(key, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)));
      },
      async get(sha256) {
        const key = blobKey(sha256);
        return (await guarded(client, [key], () => client.getBuffer(key))) ?? undefined;
      },
      async has(sha256) {
        const key = blobKey(sha256);
        return (await guarded(client, [key], () => client.exists(key))) === 1;
      },
    },
    maxBytes,
  );
}
