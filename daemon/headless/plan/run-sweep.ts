/** A sweep from its first seed to its last: rows in order, whoever makes them. */
import type { Row } from './row.ts';
import type { Seeds } from './thread.ts';

/** Whoever makes rows: threads of this process, or a queue. */
export interface RowMaker {
  /** How many chunks may be under way. */
  readonly width: number;
  /** Into how many chunks a sweep is cut at least, so that all who work end together. */
  readonly share: number;
  rows(seeds: Seeds): Promise<readonly Row[]>;
}

/**
 * The rows of all seeds, in order, a chunk at a time. No more chunks are asked for than `width` beyond the one that is yielded
 * next, so memory does not grow with the sweep. Ends early when the signal is aborted.
 */
export async function* sweepRows(
  maker: RowMaker,
  { from, count }: Seeds,
  chunk: number,
  signal: AbortSignal,
): AsyncGenerator<readonly Row[], void, undefined> {
  let interrupt = (): void => undefined;
  const stop = (): void => interrupt();
  signal.addEventListener('abort', stop);
  const under: Promise<readonly Row[]>[] = [];
  let next = from;
  const end = from + count;
  try {
    while (!signal.aborted) {
      while (under.length < maker.width && next < end) {
        const size = Math.min(chunk, end - next);
        const rows = maker.rows({ from: next, count: size });
        // It is awaited when its turn comes; until then nobody may call it unhandled.
        rows.catch(() => undefined);
        under.push(rows);
        next += size;
      }
      const first = under.shift();
      if (!first) return;
      // A race with one promise for all of them would hold every row until the end.
      const rows = await new Promise<readonly Row[] | undefined>((resolve, reject) => {
        interrupt = () => resolve(undefined);
        first.then(resolve, reject);
      });
      if (rows === undefined || signal.aborted) return;
      yield rows;
    }
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** Seeds a chunk: small enough that all who work end together, large enough that messages cost nothing. */
export function chunkOf(count: number, { share }: RowMaker): number {
  return Math.max(1, Math.min(32, Math.floor(count / share)));
}
