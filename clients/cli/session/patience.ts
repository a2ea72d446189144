/** Repeats what a daemon answers as the first time, while it does not answer or says that later may help. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ClientError, type ClientErrorCode } from '../../sdk/errors.ts';

/** Attempts, and milliseconds before the second one; each further wait is twice the one before, up to the longest. */
const ATTEMPTS = 8;
const WAIT_MS = 500;
const LONGEST_MS = 10_000;

/** A conflict is not among them: somebody else works with the machine. */
const PASSING: readonly ClientErrorCode[] = ['unreachable', 'log-unavailable', 'too-busy', 'too-slow', 'shutting-down'];

/** `again` hears of each failure that is followed by another attempt. */
export async function patiently<T>(
  signal: AbortSignal,
  again: (error: ClientError) => void,
  work: () => Promise<T>,
): Promise<T> {
  let wait = WAIT_MS;
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ClientError) || !PASSING.includes(error.code)) throw error;
      if (attempt === ATTEMPTS || signal.aborted) throw error;
      again(error);
      await sleep(wait, undefined, { signal }).catch(() => Promise.reject(error));
      wait = Math.min(2 * wait, LONGEST_MS);
    }
  }
}
