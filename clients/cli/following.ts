/** The items of a feed until Ctrl-C: a feed has no end of its own. */
import type { Feed, FeedItem, Replay, ReplayItem } from '../sdk/types.ts';

export async function* until(signal: AbortSignal, feed: Feed): AsyncGenerator<FeedItem, void, undefined> {
  const iterator = feed[Symbol.asyncIterator]();
  let interrupt = (): void => {};
  const stop = (): void => interrupt();
  signal.addEventListener('abort', stop);
  try {
    while (!signal.aborted) {
      // A race with one promise for all of them would hold every item until the end.
      const next = await new Promise<IteratorResult<FeedItem> | undefined>((resolve, reject) => {
        interrupt = () => resolve(undefined);
        iterator.next().then(resolve, reject);
      });
      if (next === undefined || next.done || signal.aborted) return;
      yield next.value;
    }
  } finally {
    signal.removeEventListener('abort', stop);
    // Not awaited: a pending next() may only settle when the client is closed.
    void iterator.return?.()?.catch(() => {});
  }
}

/** Items of a replay that wait for whoever prints them, before it is told to pause. */
const WAITING = 512;

/** The items of a replay until it ended, or until Ctrl-C. */
export async function* played(signal: AbortSignal, replay: Replay): AsyncGenerator<ReplayItem, void, undefined> {
  let waiting: ReplayItem[] = [];
  let failure: { readonly error: unknown } | undefined;
  let held = false;
  let wake = (): void => {};
  const subscription = replay.observable.subscribe({
    next(item) {
      waiting.push(item);
      if (waiting.length > WAITING && !held) {
        held = true;
        replay.pause();
      }
      wake();
    },
    error(error: unknown) {
      failure = { error };
      wake();
    },
  });
  const stop = (): void => wake();
  signal.addEventListener('abort', stop);
  try {
    while (!signal.aborted) {
      const items = waiting;
      waiting = [];
      for (const item of items) {
        yield item;
        if (item.kind === 'state' && item.state === 'ended') return;
      }
      if (failure !== undefined) throw failure.error;
      if (held) {
        held = false;
        replay.play();
      }
      if (waiting.length === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  } finally {
    signal.removeEventListener('abort', stop);
    subscription.unsubscribe();
  }
}
