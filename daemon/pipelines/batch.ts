/** Commits that go to many readers: one text of each, and one encoded frame for all of them. */
import type { Entry } from '../log/log.ts';

/** Commits with no gap between them. */
export interface Batch {
  readonly epoch: string;
  readonly entries: readonly Entry[];
  /** What `make` gives for these commits; made once for each subscription id, which most watchers have in common. */
  frame(subscription: number, make: () => Uint8Array): Uint8Array;
}

/** Where a reader stands. `id` is that of the commit, where he has seen it: so he notices when the store lost it. */
export interface Cursor {
  readonly commit: number;
  readonly id?: string | undefined;
}

/** Where a reader stands who has read `entries` from `from` on. */
export function behind(from: Cursor, entries: readonly Entry[]): Cursor {
  const last = entries.at(-1);
  return last === undefined ? from : { commit: last.number, id: last.id };
}

export function batch(epoch: string, entries: readonly Entry[]): Batch {
  const frames = new Map<number, Uint8Array>();
  return {
    epoch,
    entries,
    frame(subscription, make) {
      const known = frames.get(subscription);
      if (known !== undefined) return known;
      const frame = make();
      if (frames.size < FRAMES_SHARED) frames.set(subscription, frame);
      return frame;
    },
  };
}

const FRAMES_SHARED = 8;
