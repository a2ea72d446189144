/** The items of a feed until Ctrl-C: a feed has no end of its own. */
import type { Feed, FeedItem } from '../sdk/types.ts';

export async function* until(signal: AbortSignal, feed: Feed): AsyncGenerator<FeedItem, void, undefined> {
  const iterator = feed[Symbol.asyncIterator]();
  const aborted = new Promise<undefined>((resolve) => {
    if (signal.aborted) resolve(undefined);
    signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
  try {
    while (true) {
      const next = await Promise.race([iterator.next(), aborted]);
      if (next === undefined || next.done || signal.aborted) return;
      yield next.value;
    }
  } finally {
    // Not awaited: a pending next() may only settle when the client is closed.
    void iterator.return?.()?.catch(() => {});
  }
}
