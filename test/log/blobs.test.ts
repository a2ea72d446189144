import { mkdtempSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BlobStore, openMemoryBlobs, sha256Of } from '../../daemon/log/blobs.ts';
import { openFileBlobs } from '../../daemon/log/blobs-files.ts';
import { openRedisBlobs } from '../../daemon/log/blobs-redis.ts';
import { connectRedis } from '../../daemon/log/redis-client.ts';
import { blobKey } from '../../daemon/log/redis-keys.ts';
import { noRedisServer, startRedis } from '../support/redis.ts';
import { startCluster } from '../support/redis-cluster.ts';

const LIMIT = 1 << 20;

type BlobsUnderTest = {
  readonly blobs: BlobStore;
  /** Puts other bytes where a blob is; absent where nobody else can get at it. */
  readonly damage?: (sha256: string) => Promise<void> | void;
  close(): Promise<void> | void;
};

function blobSuite(store: string, open: () => Promise<BlobsUnderTest> | BlobsUnderTest): void {
  describe(`blobs in ${store}`, () => {
    let under: BlobsUnderTest;
    beforeAll(async () => {
      under = await open();
    });
    afterAll(() => under.close());

    it('BLB-1: bytes of every kind come back as they were, under their sha256', async () => {
      await fc.assert(
        fc.asyncProperty(fc.uint8Array({ maxLength: 5000 }), async (bytes) => {
          const sha256 = await under.blobs.put(bytes);
          expect(sha256).toBe(sha256Of(bytes));
          expect(Buffer.compare((await under.blobs.get(sha256)) ?? Buffer.from('none'), bytes)).toBe(0);
          expect(await under.blobs.has(sha256)).toBe(true);
          expect(await under.blobs.put(bytes)).toBe(sha256);
        }),
        { numRuns: 30 },
      );
    });

    it('BLB-1: the same bytes stored many times at once are stored', async () => {
      const bytes = Buffer.alloc(300_000, 'module');
      const all = await Promise.all(Array.from({ length: 10 }, () => under.blobs.put(bytes)));
      expect(new Set(all)).toEqual(new Set([sha256Of(bytes)]));
      expect((await under.blobs.get(sha256Of(bytes)))?.length).toBe(300_000);
    });

    it('BLB-2: a blob that is not there is undefined', async () => {
      expect(await under.blobs.get('0'.repeat(64))).toBeUndefined();
      expect(await under.blobs.has('0'.repeat(64))).toBe(false);
    });

    it('BLB-2: a damaged blob is refused by name, and mended by storing it again', async ({ skip }) => {
      if (under.damage === undefined) return skip('nobody else can get at it');
      const bytes = Buffer.from('some module');
      const sha256 = await under.blobs.put(bytes);
      await under.damage(sha256);
      await expect(under.blobs.get(sha256)).rejects.toMatchObject({ code: 'store-corrupt' });
      await expect(under.blobs.get(sha256)).rejects.toThrow(sha256);
      await under.blobs.put(bytes);
      expect(await under.blobs.get(sha256)).toEqual(bytes);
    });

    it('BLB-3: too many bytes and malformed names are refused', async () => {
      await under.blobs.put(new Uint8Array(LIMIT));
      await expect(under.blobs.put(new Uint8Array(LIMIT + 1))).rejects.toMatchObject({ code: 'too-large' });
      for (const bad of ['', '../../etc/passwd', 'A'.repeat(64), '0'.repeat(63), `${'0'.repeat(64)}/`]) {
        await expect(under.blobs.get(bad)).rejects.toMatchObject({ code: 'invalid-argument' });
        await expect(under.blobs.has(bad)).rejects.toMatchObject({ code: 'invalid-argument' });
      }
    });
  });
}

blobSuite('memory', () => ({ blobs: openMemoryBlobs(LIMIT), close: () => undefined }));

blobSuite('files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'veneerd-blobs-'));
  return {
    blobs: openFileBlobs(folder, LIMIT),
    damage: (sha256) => truncateSync(join(folder, 'blobs', sha256.slice(0, 2), sha256), 3),
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
});

const missing = noRedisServer();
if (missing !== undefined) describe('blobs in Redis', () => void it.skip(missing, () => undefined));
else {
  blobSuite('Redis', async () => {
    const server = await startRedis();
    const client = await connectRedis(server.url);
    const raw = new Redis(server.url);
    return {
      blobs: openRedisBlobs(client, LIMIT),
      damage: async (sha256) => void (await raw.append(blobKey(sha256), 'x')),
      close: async () => {
        client.disconnect();
        raw.disconnect();
        await server.close();
      },
    };
  });
  blobSuite('a Redis cluster', async () => {
    const cluster = await startCluster();
    const client = await connectRedis(cluster.url);
    return {
      blobs: openRedisBlobs(client, LIMIT),
      damage: async (sha256) => {
        const key = blobKey(sha256);
        await (await cluster.masterOf(key)).ask('APPEND', key, 'x');
      },
      close: async () => {
        client.disconnect();
        await cluster.close();
      },
    };
  });
}

describe('blobs in files', () => {
  it('BLB-1: what a crash left half written is never a blob, and goes when the folder is opened', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'veneerd-blobs-'));
    const first = openFileBlobs(folder);
    const sha256 = await first.put(Buffer.from('whole'));
    writeFileSync(join(folder, 'blobs', 'tmp', '7'), 'half');
    const again = openFileBlobs(folder);
    expect(readdirSync(join(folder, 'blobs', 'tmp'))).toEqual([]);
    expect(await again.get(sha256)).toEqual(Buffer.from('whole'));
    expect(statSync(join(folder, 'blobs', sha256.slice(0, 2), sha256)).mode & 0o777).toBe(0o600);
    rmSync(folder, { recursive: true, force: true });
  });
});
