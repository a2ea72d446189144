/** Following a log: pages until the head, then a wait for the bell. The log is the buffer: nothing queues up here. */
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Listener } from './bell.ts';
import { FollowEnded, StoreError } from './errors.ts';
import type { Entry, ReadOptions, ReadResult } from './log.ts';

/** What a store has to offer to be followed. The listener rings at news of the machine, and when the store closes. */
export type Followable = {
  read(name: string, epoch: string, options: ReadOptions): Promise<ReadResult>;
  listen(name: string, epoch: string): Listener;
};

/** Milliseconds between two attempts while the store is away. */
const RETRY_FIRST = 50;
const RETRY_LAST = 2000;

export async function* follow(
  store: Followable,
  name: string,
  epoch: string,
  after: number,
  signal: AbortSignal,
  afterId: string | undefined,
): AsyncGenerator<readonly Entry[], void, undefined> {
  let position = after;
  let positionId = afterId;
  let retry = RETRY_FIRST;
  // Listening starts before the first read, so that a commit between a read and a wait is not missed.
  const listener = store.listen(name, epoch);
  // Any number of followers may share a signal.
  setMaxListeners(0, signal);
  signal.addEventListener('abort', listener.ring);
  try {
    while (!signal.aborted) {
      const page = await attempt(store, name, epoch, { after: position, afterId: positionId }, signal);
      if (page === 'ended') return;
      if (page === 'away') {
        await sleep(retry, undefined, { signal, ref: false }).catch(() => undefined);
        retry = Math.min(retry * 2, RETRY_LAST);
        continue;
      }
      retry = RETRY_FIRST;
      if (page.status !== 'page') throw new FollowEnded(name, position, page);
      const last = page.entries.at(-1);
      if (last === undefined) {
        await listener.wait();
        continue;
      }
      position = last.number;
      positionId = last.id;
      yield page.entries;
    }
  } finally {
    signal.removeEventListener('abort', listener.ring);
    listener.close();
  }
}

async function attempt(
  store: Followable,
  name: string,
  epoch: string,
  options: ReadOptions,
  signal: AbortSignal,
): Promise<ReadResult | 'away' | 'ended'> {
  try {
    return await orAbort(store.read(name, epoch, options), signal);
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    if (error.temporary) return 'away';
    if (error.code === 'store-closed') return 'ended';
    throw error;
  }
}

/** The promise, or `ended` as soon as the signal aborts, so that a store that hangs holds nobody up. */
function orAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | 'ended'> {
  return new Promise((resolve, reject) => {
    const abort = (): void => resolve('ended');
    signal.addEventListener('abort', abort);
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
