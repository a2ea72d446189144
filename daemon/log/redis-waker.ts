/**
 * Rings the bell for what other processes append: XREAD BLOCK over the streams that somebody follows, on a connection of
 * its own. It only wakes; followers read for themselves. A block is finite, and one that outlasts its time by much means
 * that the connection is dead: it is made anew, and everybody looks for himself.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { Bell } from './bell.ts';
import { isNumber } from './errors.ts';
import { machineKey } from './redis-keys.ts';

/** Longest block, and so the longest time that a removed script or a lost unblock can delay anything. Milliseconds. */
export const BLOCK_MS = 1000;
/** Blocks without news after which everybody looks for himself, in case something escaped the streams (a failover). */
const QUIET_BLOCKS = 30;
const RETRY_MS = 200;

type Watch = { readonly name: string; followers: number; seen: number | undefined };

export type Waker = {
  /** Rings for this stream from now on; call the result when nobody follows it any more. */
  watch(name: string, commits: string): () => void;
  close(): void;
};

export function openWaker(client: Redis, blocking: Redis, bell: Bell): Waker {
  const watches = new Map<string, Watch>();
  let open = true;
  let clientId: number | undefined;
  let blocked = false;
  let wakeIdle: (() => void) | undefined;
  blocking.on('close', () => {
    clientId = undefined;
  });

  /** Where the stream is now; commits up to there are readable, so whoever is rung afterwards misses nothing. */
  const catchUp = async (watch: Watch): Promise<void> => {
    const head = Number(await blocking.hget(machineKey(watch.name), 'head'));
    watch.seen = Math.max(watch.seen ?? 0, isNumber(head, 0) ? head : 0);
    bell.ring(watch.name);
  };

  const round = async (): Promise<boolean> => {
    clientId ??= await blocking.client('ID');
    for (const watch of watches.values()) if (watch.seen === undefined) await catchUp(watch);
    const streams = [...watches];
    const ids = streams.map(([, { seen }]) => `${seen ?? 0}-0`);
    blocked = true;
    const news = await blocking
      .xread('COUNT', 1, 'BLOCK', BLOCK_MS, 'STREAMS', ...streams.map(([key]) => key), ...ids)
      .finally(() => {
        blocked = false;
      });
    for (const [key, entries] of news ?? []) {
      const watch = watches.get(key);
      if (watch === undefined) continue;
      bell.ring(watch.name);
      watch.seen = Number.parseInt(entries.at(-1)?.[0] ?? '0', 10);
      await catchUp(watch);
    }
    return news !== null;
  };

  const loop = async (): Promise<void> => {
    let quiet = 0;
    while (open) {
      if (watches.size === 0) {
        await new Promise<void>((resolve) => {
          wakeIdle = resolve;
        });
        continue;
      }
      try {
        quiet = (await round()) ? 0 : quiet + 1;
      } catch {
        // Away, or a key of another type: a follower that reads for itself finds out which.
        if (open && blocking.status === 'ready') blocking.disconnect(true);
        await sleep(RETRY_MS, undefined, { ref: false });
        quiet = QUIET_BLOCKS;
      }
      if (quiet >= QUIET_BLOCKS) {
        quiet = 0;
        for (const watch of watches.values()) bell.ring(watch.name);
      }
    }
  };
  void loop();

  /** Makes a block that does not know of the newest watch end early. */
  const unblock = async (watch: Watch): Promise<void> => {
    wakeIdle?.();
    while (open && blocked && clientId !== undefined && watch.seen === undefined) {
      const done = await client.client('UNBLOCK', clientId).catch(() => 1);
      if (done === 1) return;
      // The block has not reached the server yet.
      await sleep(2, undefined, { ref: false });
    }
  };

  return {
    watch(name, commits) {
      const watch = watches.get(commits) ?? { name, followers: 0, seen: undefined };
      watch.followers++;
      if (!watches.has(commits)) {
        watches.set(commits, watch);
        void unblock(watch);
      }
      return () => {
        if (--watch.followers === 0) watches.delete(commits);
      };
    },
    close() {
      open = false;
      blocking.disconnect();
      wakeIdle?.();
    },
  };
}
