/**
 * Whether this daemon can do its work: a trial write to the log now and then, and when somebody asks. A daemon that can
 * read but not write (a full disk, a Redis out of memory, a read-only replica) is not ready, and says why.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { messageOf } from './log/errors.ts';

export type Health = { readonly ready: true } | { readonly ready: false; readonly reason: string };

export interface HealthWatch {
  /** As of now, or of a moment ago. */
  ask(): Promise<Health>;
  close(): void;
}

/** Milliseconds that an answer serves everybody who asks. */
const FRESH_MS = 1_000;
/** Milliseconds after which a store that does not answer counts as away. */
const PATIENCE_MS = 3_000;
/** Milliseconds between two looks when nobody asks: a store that goes away is logged and counted by then. */
const EVERY_MS = 5_000;

/**
 * `check` writes to the log and throws when that can't be done; `seen` is told of each look. Changes are logged, once each.
 */
export function watchHealth(
  check: () => Promise<void>,
  seen: (ready: boolean, seconds: number) => void,
  logger: Logger,
): HealthWatch {
  let last: { readonly health: Health; readonly at: number } | undefined;
  let asking: Promise<Health> | undefined;

  async function look(): Promise<Health> {
    const start = performance.now();
    const away: Health = { ready: false, reason: `the store gave no answer for ${PATIENCE_MS / 1000} seconds` };
    const health = await Promise.race([
      check().then(
        (): Health => ({ ready: true }),
        (error: unknown): Health => ({ ready: false, reason: messageOf(error) }),
      ),
      sleep(PATIENCE_MS, away, { ref: false }),
    ]);
    const end = performance.now();
    seen(health.ready, (end - start) / 1000);
    report(health);
    last = { health, at: end };
    asking = undefined;
    return health;
  }

  function report(health: Health): void {
    const before = last?.health.ready ?? true;
    if (!health.ready && before) logger.warn({ reason: health.reason }, 'the log takes no writes');
    if (health.ready && !before) logger.warn('the log takes writes again');
  }

  const timer = setInterval(() => {
    asking ??= look();
  }, EVERY_MS);
  timer.unref();

  return {
    ask() {
      if (asking !== undefined) return asking;
      if (last !== undefined && performance.now() - last.at < FRESH_MS) return Promise.resolve(last.health);
      asking = look();
      return asking;
    },
    close: () => clearInterval(timer),
  };
}
