/**
 * A subscriber is a cursor over the log: it reads pages until it stands at the head, is then pushed to while it keeps
 * up, and goes back to reading when it doesn't. Never a hole, never a duplicate.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Position } from '../../protocol/commit.ts';
import type { WireError } from '../../protocol/errors.ts';
import { StoreError } from '../log/errors.ts';
import { type Batch, batch, behind, type Cursor } from './batch.ts';
import type { Hubs } from './hubs.ts';
import { refusedRead, thrown } from './outcome.ts';

/** The far end of a subscription. */
export interface Reader {
  commits(batch: Batch): void;
  /** All up to `position` was handed over, and it was the head. */
  live(position: Position): void;
  /** Bytes of commits that it would take at a time. */
  share(): number;
  /** Has as much as it can hold. */
  full(): boolean;
  /** Resolves when it can hold more, or when `signal` aborts. */
  room(signal: AbortSignal): Promise<void>;
}

/** Milliseconds: between two looks at a log that is away, or that ended under a follower. */
export const RETRY_MS = 200;

/** Feeds `reader` everything after `start`, the commit there being `id` where that is known, until `signal` aborts; an error says why it can't go on. */
export async function runSubscription(
  hubs: Hubs,
  machine: string,
  start: Position & Pick<Cursor, 'id'>,
  reader: Reader,
  signal: AbortSignal,
): Promise<WireError | undefined> {
  const { epoch } = start;
  let cursor: Cursor = { commit: start.commit, id: start.id };
  while (!signal.aborted) {
    while (reader.full() && !signal.aborted) await reader.room(signal);
    const page = await hubs.page(machine, epoch, cursor, reader.share());
    if (signal.aborted) return undefined;
    // Another subscription of the same connection was quicker: the page is kept for the next turn.
    if (reader.full()) continue;
    if (page instanceof StoreError) {
      if (!page.temporary) return thrown(page).error;
      await pause(signal);
    } else if (page.status !== 'page') {
      return refusedRead(machine, cursor.commit, page).error;
    } else if (page.batch.entries.length > 0) {
      reader.commits(page.batch);
      cursor = behind(cursor, page.batch.entries);
    } else {
      cursor = await push(hubs, machine, epoch, cursor, reader, signal);
    }
  }
  return undefined;
}

/** Hands over live commits while the reader keeps up; resolves with where it stands then. */
function push(
  hubs: Hubs,
  machine: string,
  epoch: string,
  at: Cursor,
  reader: Reader,
  signal: AbortSignal,
): Promise<Cursor> {
  const tail = hubs.tail(machine, epoch, at);
  if (tail === undefined) return Promise.resolve(at);
  reader.live({ epoch, commit: at.commit });
  return new Promise((resolve) => {
    let cursor = at;
    const leave = (): void => {
      signal.removeEventListener('abort', leave);
      subscription.unsubscribe();
      resolve(cursor);
    };
    const ended = (): void => {
      void pause(signal).then(leave);
    };
    const subscription = tail.subscribe({
      next(live) {
        if (reader.full()) return leave();
        const first = live.entries[0]?.number ?? 0;
        const skip = cursor.commit + 1 - first;
        if (skip >= live.entries.length) return;
        if (skip >= 0) {
          reader.commits(skip === 0 ? live : batch(live.epoch, live.entries.slice(skip)));
          cursor = behind(cursor, live.entries);
        }
        if (skip < 0 || reader.full()) leave();
      },
      error: ended,
      complete: ended,
    });
    signal.addEventListener('abort', leave);
    if (signal.aborted) leave();
  });
}

const pause = (signal: AbortSignal): Promise<void> => sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
