/** Commits that go to many readers: one text of each, and one encoded frame for all of them. */
import type { Entry } from '../log/log.ts';

/** Commits with no gap between them. */
export interface Batch {
  readonly epoch: string;
  readonly entries: readonly Entry[];
  /** What `make` gives for these commits; made once for each subscription id, which most watchers have in common. */
  frame(subscription: number, make: () => Uint8Array): Uint8Array;
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
