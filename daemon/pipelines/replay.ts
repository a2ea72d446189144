/**
 * A replay: what a log holds, played at a pace to one reader, who can pause it, step, seek and change the pace. It reads
 * the log page by page as any subscriber does, and nobody else notices.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Position } from '../../protocol/commit.ts';
import type { WireError } from '../../protocol/errors.ts';
import { StoreError } from '../log/errors.ts';
import type { Entry } from '../log/log.ts';
import { type Batch, batch } from './batch.ts';
import { decode } from './entry.ts';
import type { Hubs } from './hubs.ts';
import { refusedRead, thrown } from './outcome.ts';
import { parsePace } from './pace.ts';
import { RETRY_MS } from './subscription.ts';

export type PlayState = 'playing' | 'paused' | 'ended';

/** What to do next; what is absent stays as it is. */
export interface Control {
  readonly play?: boolean | undefined;
  /** The commit to go on after. */
  readonly seek?: number | undefined;
  /** Commits to deliver before it pauses. */
  readonly step?: number | undefined;
  readonly pace?: string | undefined;
}

/** Both, the first one first. */
export function inTurn(first: Control, second: Control): Control {
  const { play, step, ...rest } = first;
  const both = second.play === undefined && second.step === undefined ? first : rest;
  return { ...both, ...second };
}

/** The far end of a replay. */
export interface Audience {
  commits(batch: Batch): void;
  /** It is in another state now, or was told something. */
  state(state: PlayState, position: Position, pace: string): void;
  /** It goes on elsewhere. Resolves when what the reader needs to know for that was handed over. */
  moved(position: Position): Promise<void>;
  share(): number;
  full(): boolean;
  room(signal: AbortSignal): Promise<void>;
}

export interface Replay {
  control(what: Control): void;
  /** Resolves when `signal` aborts, or with why it can't go on. */
  run(): Promise<WireError | undefined>;
}

/** Milliseconds of commits that go out together. */
const TOGETHER_MS = 10;
/** Milliseconds of the longest wait between two commits as they were: a machine that nobody touched for a night is no film. */
const LONGEST_GAP_MS = 5_000;

export interface Start {
  readonly machine: string;
  readonly at: Position;
  /** Of the commit there, where it is known. */
  readonly id?: string | undefined;
  /** The last commit that is played. */
  readonly to: number;
  /** As in a frame: instant, original, xN. */
  readonly pace: string;
  readonly paused: boolean;
}

export function openReplay(hubs: Hubs, start: Start, audience: Audience, signal: AbortSignal): Replay {
  const { machine, to } = start;
  const { epoch } = start.at;
  let cursor = start.at.commit;
  /** Of the commit at the cursor, where it was seen. */
  let { id } = start;
  let { pace } = start;
  let factor = factorOf(pace);
  let playing = !start.paused;
  /** Commits to deliver before it pauses; undefined while it plays. */
  let steps: number | undefined;
  let told = true;
  let seek: number | undefined;
  /** Ends the wait that is on: somebody has said something. */
  let wake = new AbortController();
  /** Read and not delivered yet. */
  let queue: readonly Entry[] = [];
  /** The time of the last commit that was delivered, and when that was. */
  let last: { readonly time: number; readonly at: number } | undefined;

  const stop = (): void => wake.abort();
  signal.addEventListener('abort', stop);

  async function rest(ms?: number): Promise<void> {
    const { signal: woken } = wake;
    if (signal.aborted || woken.aborted) return;
    if (ms !== undefined) await sleep(ms, undefined, { signal: woken }).catch(() => undefined);
    else await new Promise<void>((resolve) => woken.addEventListener('abort', () => resolve(), { once: true }));
  }

  const state = (): PlayState => (cursor >= to ? 'ended' : playing || steps !== undefined ? 'playing' : 'paused');

  async function takeSeek(): Promise<void> {
    if (seek === undefined) return;
    cursor = Math.min(seek, to);
    seek = undefined;
    id = undefined;
    queue = [];
    last = undefined;
    told = true;
    await audience.moved({ epoch, commit: cursor });
  }

  /** How many commits of the queue are due; and if none is, in how many milliseconds the first will be. */
  function due(): { readonly count: number; readonly wait: number } {
    const most = Math.min(queue.length, to - cursor, steps ?? Number.POSITIVE_INFINITY);
    if (factor === undefined || steps !== undefined) return { count: most, wait: 0 };
    const now = performance.now();
    let count = 0;
    for (; count < most; count++) {
      const { time } = decode(machine, queue[count] as Entry);
      last ??= { time, at: now };
      const gap = Math.min(Math.max(0, time - last.time), LONGEST_GAP_MS) / factor;
      if (last.at + gap > now + TOGETHER_MS) return { count, wait: last.at + gap - now };
      last = { time, at: last.at + gap };
    }
    return { count, wait: 0 };
  }

  async function turn(): Promise<WireError | undefined> {
    await takeSeek();
    if (signal.aborted) return undefined;
    if (cursor >= to) steps = undefined;
    if (told) {
      told = false;
      audience.state(state(), { epoch, commit: cursor }, pace);
    }
    if (state() !== 'playing') {
      if (seek === undefined) await rest();
      return undefined;
    }
    if (audience.full()) {
      await audience.room(wake.signal);
      return undefined;
    }
    if (queue.length === 0) {
      const page = await hubs.page(machine, epoch, { commit: cursor, id }, audience.share());
      if (page instanceof StoreError) {
        if (!page.temporary) return thrown(page).error;
        await rest(RETRY_MS);
        return undefined;
      }
      if (page.status !== 'page') return refusedRead(machine, cursor, page).error;
      if (seek === undefined) queue = page.batch.entries;
      return undefined;
    }
    const { count, wait } = due();
    if (count === 0) {
      await rest(wait);
      return undefined;
    }
    audience.commits(batch(epoch, queue.slice(0, count)));
    id = queue[count - 1]?.id;
    queue = queue.slice(count);
    cursor += count;
    if (steps !== undefined) {
      steps = steps > count ? steps - count : undefined;
      told = steps === undefined;
    }
    if (cursor >= to) told = true;
    return undefined;
  }

  return {
    control({ play, seek: target, step, pace: next }) {
      if (play !== undefined) {
        playing = play;
        steps = undefined;
      }
      if (step !== undefined) {
        playing = false;
        steps = step;
      }
      if (target !== undefined) seek = target;
      if (next !== undefined) {
        pace = next;
        factor = factorOf(next);
      }
      last = undefined;
      told = true;
      wake.abort();
      wake = new AbortController();
    },
    async run() {
      while (!signal.aborted) {
        const error = await turn();
        if (error !== undefined) return error;
      }
      return undefined;
    },
  };
}

/** How many times as fast as it was; undefined: without waiting. The schema of frames lets in no other words. */
function factorOf(pace: string): number | undefined {
  const parsed = parsePace(pace);
  return parsed?.kind === 'original' ? parsed.factor : undefined;
}
