/**
 * A question to the daemon that changes as the page moves on. One is under way at a time, the newest wish counts, and the last
 * answer stays, marked as old, until the next one is there.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import { ClientError } from '../../sdk/errors.ts';

/**
 * Milliseconds between two questions, and as a multiple of what the answer took: while a machine runs every commit is another
 * position, and the daemon has better to do.
 */
const PAUSE_MS = 150;
const PAUSE_SHARE = 2;
/** Milliseconds before a daemon that could not answer is asked again. */
const RETRY_MS = 1000;

export interface Answered<T> {
  /** Of `key` when it is not stale, else of an earlier one. */
  readonly answer: T | undefined;
  readonly error: ClientError | undefined;
  readonly stale: boolean;
}

interface Got<T> {
  readonly key: string;
  readonly answer: T | undefined;
  readonly error: ClientError | undefined;
}

/** `key` names the question and the position: another key is another question. Null asks nothing. */
export function useQuestion<T>(key: string | null, ask: () => Promise<T>): Answered<T> {
  const [got, setGot] = useState<Got<T>>();
  const wish = useRef({ key, ask });
  wish.current = { key, ask };
  const busy = useRef(false);
  const there = useRef(true);

  useEffect(() => {
    there.current = true;
    return () => {
      there.current = false;
    };
  }, []);
  useEffect(() => {
    if (!busy.current) void work();
  }, [key]);

  async function work(): Promise<void> {
    busy.current = true;
    for (let done: string | null = null; there.current && wish.current.key !== done; ) {
      const mine = wish.current;
      if (mine.key === null) break;
      const begun = performance.now();
      const result = await attempt(mine.key, mine.ask);
      const took = performance.now() - begun;
      if (!there.current) break;
      if (result.error?.temporary) {
        await wait(RETRY_MS);
        continue;
      }
      done = mine.key;
      // What nobody asks any more is shown all the same: the page moves on faster than the daemon answers.
      setGot((before) => (result.error && wish.current.key !== done ? before : result));
      await wait(Math.max(PAUSE_MS, PAUSE_SHARE * took));
    }
    busy.current = false;
  }

  const stale = key !== null && got?.key !== key;
  return { answer: key === null ? undefined : got?.answer, error: stale ? undefined : got?.error, stale };
}

async function attempt<T>(key: string, ask: () => Promise<T>): Promise<Got<T>> {
  try {
    return { key, answer: await ask(), error: undefined };
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    return { key, answer: undefined, error };
  }
}

const wait = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));
