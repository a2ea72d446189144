/**
 * Rings the bell when a machine changes, whoever changes it: the scripts publish to the channel named as the machine's
 * key, and one connection listens to the channels of the machines that somebody follows here. A message is only a hint,
 * followers read for themselves. So one that is lost costs time and no more: everybody looks for himself when the
 * connection is new, and every few seconds in any case.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { Bell } from './bell.ts';
import { machineKey } from './redis-keys.ts';

/** Milliseconds between two looks without a hint, and between two proofs that the connection is alive. */
const LOOK_MS = 5000;
/** Milliseconds between two attempts to connect. */
const RETRY_MS = 500;

export type Waker = {
  /** Rings for this machine from now on; call the result when nobody here follows it any more. */
  watch(name: string): () => void;
  close(): void;
};

/** `connect` makes a connection that ends when it is lost. */
export function openWaker(connect: () => Promise<Redis>, bell: Bell): Waker {
  /** Channels, with the machine of each and how many follow it. */
  const watches = new Map<string, { readonly name: string; followers: number }>();
  const closing = new AbortController();
  let listening: Redis | undefined;

  const ringAll = (): void => {
    for (const { name } of watches.values()) bell.ring(name);
  };

  const listen = async (): Promise<void> => {
    const connection = await connect();
    const over = new AbortController();
    const end = (): void => over.abort();
    connection.once('end', end);
    closing.signal.addEventListener('abort', end);
    try {
      if (closing.signal.aborted) return;
      connection.on('message', (channel: string) => {
        const watch = watches.get(channel);
        if (watch !== undefined) bell.ring(watch.name);
      });
      listening = connection;
      if (watches.size > 0) await connection.subscribe(...watches.keys());
      ringAll();
      while (!over.signal.aborted) {
        await sleep(LOOK_MS, undefined, { signal: over.signal, ref: false }).catch(() => undefined);
        if (!over.signal.aborted) await connection.ping();
      }
    } finally {
      listening = undefined;
      closing.signal.removeEventListener('abort', end);
      connection.disconnect();
    }
  };

  const looking = setInterval(ringAll, LOOK_MS);
  looking.unref();
  void (async () => {
    while (!closing.signal.aborted) {
      await listen().catch(() => undefined);
      await sleep(RETRY_MS, undefined, { signal: closing.signal, ref: false }).catch(() => undefined);
    }
  })();

  /** What happens before the subscription stands is found by the look after it. */
  const subscribe = (channel: string, name: string): void => {
    const connection = listening;
    connection?.subscribe(channel).then(
      () => bell.ring(name),
      () => connection.disconnect(),
    );
  };

  return {
    watch(name) {
      const channel = machineKey(name);
      const watch = watches.get(channel) ?? { name, followers: 0 };
      if (watch.followers++ === 0) {
        watches.set(channel, watch);
        subscribe(channel, name);
      }
      return () => {
        if (--watch.followers > 0) return;
        watches.delete(channel);
        listening?.unsubscribe(channel).catch(() => undefined);
      };
    },
    close() {
      clearInterval(looking);
      closing.abort();
    },
  };
}
