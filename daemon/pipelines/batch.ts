/** Commits that go to many readers: one text of each, and one encoded frame for all of them. */
import type { Entry } from '../log/log.ts';

/** Commits with no gap between them. */
export interface Batch {
  readonly epoch: string;
  readonly entries: readonly Entry[];
  /** What `make` gives for these commits, made once for each `key`. There are few keys: the bytes are kept with the batch. */
  bytes(key: number, make: () => Uint8Array): Uint8Array;
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
  const kept = new Map<number, Uint8Array>();
  return {
    epoch,
    entries,
    bytes(key, make) {
      const known = kept.get(key);
      if (known !== undefined) return known;
      const made = make();
      kept.set(key, made);
      return made;
    },
  };
}

/**
 * The same commits in batches of about `maxBytes`, one commit at least. A reader takes a batch whole: so what waits for it
 * goes beyond its share by one of these at most.
 */
export function* batches(epoch: string, entries: readonly Entry[], maxBytes: number): Generator<Batch> {
  let from = 0;
  let bytes = 0;
  for (const [i, { text }] of entries.entries()) {
    if (i > from && bytes + text.length > maxBytes) {
      yield batch(epoch, entries.slice(from, i));
      from = i;
      bytes = 0;
    }
    bytes += text.length;
  }
  if (from < entries.length) yield batch(epoch, from === 0 ? entries : entries.slice(from));
}
