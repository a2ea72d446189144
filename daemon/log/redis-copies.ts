/**
 * Answers a write only when so many replicas of Redis have it: Redis itself copies after it has answered, so a crash of
 * the primary takes what was not copied yet. A small write to the same slot comes after the one that counts, on a
 * connection of its own, and WAIT says how many replicas have that; so it does not matter who wrote, when, or through
 * which connection. Readers may see a commit earlier. A failover right between the write and the small write stays
 * unnoticed: it would have to be over before this process comes to its next turn.
 */
import { Redis } from 'ioredis';
import type { BlobStore } from './blobs.ts';
import { messageOf, StoreError } from './errors.ts';
import type { EventLog } from './log.ts';
import { guarded, type RedisClient } from './redis-client.ts';
import { blobKey, CHECKS, fenceKey, machineKey, REGISTRY } from './redis-keys.ts';

/** Milliseconds that replicas have. */
const COPY_MS = 1000;
/** How long the small writes stay. */
const FENCE_MS = 60_000;

/** Resolves when the replicas have what was written to the slot of a key before the call; else throws `store-unavailable`. */
export type Copied = (key: string) => Promise<void>;

/** `client` is used for nothing else: WAIT holds up what comes after it. */
export function openCopied(client: RedisClient, replicas: number): Copied {
  /** Those who ask in one turn wait for one answer. */
  const asked = new Map<string, Promise<void>>();

  const count = async (key: string): Promise<number> => {
    const results = await client.pipeline().set(key, '', 'PX', FENCE_MS).wait(replicas, COPY_MS).exec();
    const [[failed] = [], [unheard, copies] = []] = results ?? [];
    if (failed ?? unheard) throw failed ?? unheard;
    return Number(copies);
  };

  const ask = async (key: string): Promise<void> => {
    await new Promise(setImmediate);
    asked.delete(key);
    const copies = await guarded(client, [key], () =>
      count(key).catch(async (error) => {
        // Only where the slot has another node. Whoever takes over from one that gives no answer may lack the write.
        if (!messageOf(error).startsWith('MOVED')) throw error;
        // A single command goes there and lets the client know; a pipeline with WAIT does not.
        await client.set(key, '', 'PX', FENCE_MS);
        return count(key);
      }),
    );
    if (copies >= replicas) return;
    const message = `${copies} of the ${replicas} replicas asked for have it so far: repeat it with the same id`;
    throw new StoreError('store-unavailable', message);
  };

  return (key) => {
    // One server has all slots, and one answer for all.
    const fence = fenceKey(client instanceof Redis ? REGISTRY : key);
    const answer = asked.get(fence) ?? ask(fence);
    asked.set(fence, answer);
    return answer;
  };
}

/** About 4000 slots apart. */
const SPREAD = CHECKS.slice(0, 4);

/** What says that something is there, or is gone. */
const SETTLED: ReadonlySet<string> = new Set(['created', 'appended', 'duplicate', 'removed']);

/** The log, which says so when it is copied. */
export function copiedLog(log: EventLog, copied: Copied): EventLog {
  const kept = async <T extends { readonly status: string }>(answer: Promise<T>, ...keys: string[]): Promise<T> => {
    const known = await answer;
    if (SETTLED.has(known.status)) await Promise.all(keys.map(copied));
    return known;
  };
  return {
    ...log,
    create: (name, ...rest) => kept(log.create(name, ...rest), machineKey(name), REGISTRY),
    append: (name, ...rest) => kept(log.append(name, ...rest), machineKey(name)),
    remove: (name, ...rest) => kept(log.remove(name, ...rest), machineKey(name)),
    async find(name, ...rest) {
      const number = await log.find(name, ...rest);
      if (number !== undefined) await copied(machineKey(name));
      return number;
    },
    stage(name, epoch) {
      const staging = log.stage(name, epoch);
      return { ...staging, publish: () => kept(staging.publish(), machineKey(name), REGISTRY) };
    },
    async check() {
      await log.check();
      await Promise.all(SPREAD.map(copied));
    },
  };
}

/** The same for blobs: what a commit names has to be there when the commit is. */
export function copiedBlobs(blobs: BlobStore, copied: Copied): BlobStore {
  return {
    ...blobs,
    async put(bytes) {
      const sha256 = await blobs.put(bytes);
      await copied(blobKey(sha256));
      return sha256;
    },
    async has(sha256) {
      const there = await blobs.has(sha256);
      if (there) await copied(blobKey(sha256));
      return there;
    },
  };
}
