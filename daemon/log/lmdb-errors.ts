/** What LMDB says when the data folder can't be written: the disk is full, or fails, or a limit is reached. */
import { statfsSync } from 'node:fs';
import { messageOf, StoreError } from './errors.ts';

/** Waits for all of these writes, so that none is under way when one has failed. @throws StoreError `store-unavailable` */
export async function written<T>(path: string, writes: readonly Promise<T>[]): Promise<readonly T[]> {
  const done: T[] = [];
  const failed: StoreError[] = [];
  for (const one of await Promise.allSettled(writes)) {
    if (one.status === 'fulfilled') done.push(one.value);
    else failed.push(await unavailable(path, one.reason));
  }
  if (failed[0] !== undefined) throw failed[0];
  return done;
}

/** lmdb says why a commit failed in a second promise, which has to be waited for. */
export async function unavailable(path: string, error: unknown): Promise<StoreError> {
  const why = (error as { commitError?: Promise<unknown> }).commitError;
  return cantWrite(path, await Promise.resolve(why ?? error).catch((reason: unknown) => reason));
}

export function cantWrite(path: string, cause: unknown): StoreError {
  return new StoreError('store-unavailable', `${path} can't be written: ${messageOf(cause)}; ${roomIn(path)}`, cause);
}

/** Whether an error is the system's, and not LMDB's about what is in the file: numbers below 0 are LMDB's own. */
export function isOfSystem(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown };
  return typeof code === 'string' || (typeof code === 'number' && code > 0);
}

/** Bytes that can still be written there. */
export function freeIn(path: string): number {
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize;
}

function roomIn(path: string): string {
  try {
    return `${(freeIn(path) / (1 << 20)).toFixed(1)} MiB are free there`;
  } catch (error) {
    return messageOf(error);
  }
}
