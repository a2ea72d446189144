/** Waits that end. What does not come in time is a fault of its own: FAULT-8. */
import { setTimeout as sleep } from 'node:timers/promises';

export class TooLong extends Error {
  constructor(what: string, ms: number) {
    super(`FAULT-8: ${what}: not within ${ms / 1000} s`);
    this.name = 'TooLong';
  }
}

export async function within<T>(ms: number, what: string, promise: Promise<T>): Promise<T> {
  const over = new AbortController();
  const late = sleep(ms, undefined, { signal: over.signal }).then(
    () => {
      throw new TooLong(what, ms);
    },
    // Nobody waits any more.
    () => promise,
  );
  try {
    return await Promise.race([promise, late]);
  } finally {
    over.abort();
  }
}

/** Tries until `work` does not throw; between two attempts it waits a moment. */
export async function persist<T>(ms: number, what: string, work: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + ms;
  for (;;) {
    try {
      return await within(Math.max(1, deadline - Date.now()), what, work());
    } catch (error) {
      if (Date.now() >= deadline) throw new TooLong(`${what}: ${String(error)}`, ms);
      await sleep(50);
    }
  }
}
