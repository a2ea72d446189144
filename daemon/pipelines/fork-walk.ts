/** Walking through the log that is forked: one commit after the other, with breaths in between, until somebody gives up. */
import type { Commit } from '../../protocol/commit.ts';
import type { ForkOrigin } from '../../protocol/fork.ts';
import { decode, readThrough } from './entry.ts';
import type { World } from './machine.ts';
import { type Refusal, refuse } from './outcome.ts';

/** Milliseconds of work between two breaths, in which others get their turn. */
const BREATH_MS = 10;

/** Thrown by `each` to end a walk before its time. */
export class Stopped extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.error.message);
    this.refusal = refusal;
  }
}

/** What becomes of a fork that nobody waits for any more. */
export const givenUp = (): Refusal => refuse('shutting-down', 'the fork was given up');

/** Every commit up to `from.commit`. The refusal of the log, of `each`, or of whoever aborts `signal`. */
export async function walk(
  { log }: World,
  { machine, epoch, commit: upTo }: ForkOrigin,
  signal: AbortSignal,
  each: (commit: Commit) => Promise<void>,
): Promise<Refusal | undefined> {
  let breathed = performance.now();
  try {
    return await readThrough(log, { name: machine, epoch }, 0, upTo, async (entry) => {
      if (performance.now() - breathed > BREATH_MS) {
        await new Promise((resolve) => setImmediate(resolve));
        breathed = performance.now();
      }
      if (signal.aborted) throw new Stopped(givenUp());
      await each(decode(machine, entry));
    });
  } catch (error) {
    if (error instanceof Stopped) return error.refusal;
    throw error;
  }
}
