/** What the feed shows of one commit. */
import type { Commit } from '../../../../protocol/commit.ts';
import type { EventOf } from '../../../../protocol/events/index.ts';
import {
  COMMIT_HEIGHT,
  type FeedRow,
  LINE_HEIGHT,
  MORE_HEIGHT,
  NOTE_HEIGHT,
  PATCH_HEIGHT,
  type Where,
} from './form.ts';
import type { Matching } from './matching.ts';
import { commandWords, type Note, noteOf } from './notes.ts';

type Patch = EventOf<'StaticCallPatched'>;

type Entry =
  | { readonly kind: 'patch'; readonly index: number | null; readonly event: Patch }
  | { readonly kind: 'note'; readonly note: Note };

export interface Group {
  readonly commit: number;
  readonly time: number;
  readonly words: string;
  /** Newest first. */
  readonly entries: readonly Entry[];
  readonly patches: number;
  readonly stops: number;
}

/** Entries of a commit that are shown unless somebody asks for all. */
export const SHOWN = 12;

export interface Wanted {
  readonly matching: Matching;
  /** Also events beside patches. */
  readonly all: boolean;
  /** Whether the commit has all of its events, so that the index of each is known. */
  readonly whole: boolean;
}

/** Null where nothing of the commit is wanted. */
export function groupOf(commit: Commit, { matching, all, whole }: Wanted): Group | null {
  const entries: Entry[] = [];
  let patches = 0;
  let stops = 0;
  for (let i = commit.events.length - 1; i >= 0; i--) {
    const event = commit.events[i];
    if (event === undefined) continue;
    if (event.type === 'StaticCallPatched') {
      if (!matching.patch(event)) continue;
      entries.push({ kind: 'patch', index: whole ? i : null, event });
      patches++;
      if (event.atomicity === 'stop-machine') stops++;
      continue;
    }
    const note = all ? noteOf(event) : null;
    if (note !== null && matching.other(event, note.text)) entries.push({ kind: 'note', note });
  }
  if (entries.length === 0) return null;
  return { commit: commit.number, time: commit.time, words: commandWords(commit.command), entries, patches, stops };
}

/** CSS pixels. */
export function heightOf({ entries }: Group, open: boolean): number {
  let height = COMMIT_HEIGHT;
  const shown = shownOf(entries.length, open);
  for (let i = 0; i < shown; i++) height += entryHeight(entries[i] as Entry);
  return shown < entries.length ? height + MORE_HEIGHT : height;
}

/** One more row that says that there is one more would be no gain. */
const shownOf = (entries: number, open: boolean): number => (open || entries <= SHOWN + 1 ? entries : SHOWN);

function entryHeight(entry: Entry): number {
  if (entry.kind === 'note') return NOTE_HEIGHT;
  const [before, after] = entry.event.text;
  return PATCH_HEIGHT + LINE_HEIGHT * (Math.max(instructions(before), instructions(after)) - 1);
}

function instructions(text: string): number {
  let count = 1;
  for (let at = text.indexOf(';'); at >= 0; at = text.indexOf(';', at + 1)) count++;
  return count;
}

/** The rows of a group that begins at `y`, of those between `top` and `bottom`. */
export function* rowsOf(group: Group, open: boolean, y: number, top: number, bottom: number): Generator<FeedRow> {
  const { commit, time, words, entries, patches, stops } = group;
  const seen = (at: number, tall: number): boolean => at < bottom && at + tall > top;
  if (seen(y, COMMIT_HEIGHT)) {
    yield { kind: 'commit', id: `${commit}`, top: y, height: COMMIT_HEIGHT, commit, time, words, patches, stops };
  }
  let at = y + COMMIT_HEIGHT;
  const shown = shownOf(entries.length, open);
  for (let i = 0; i < shown && at < bottom; i++) {
    const entry = entries[i] as Entry;
    const height = entryHeight(entry);
    if (seen(at, height)) {
      const where = { id: `${commit} ${i}`, top: at, height };
      yield entry.kind === 'note' ? { ...where, ...entry } : { ...where, ...entry, commit };
    }
    at += height;
  }
  const hidden = entries.length - shown;
  if (hidden > 0 && seen(at, MORE_HEIGHT)) {
    yield { kind: 'more', id: `${commit} more`, top: at, height: MORE_HEIGHT, commit, hidden };
  }
}

/** Where the patch at an address is, in a group that begins at `y`; its head, where none of the rows that are shown is that. */
export function rowOf(group: Group, open: boolean, y: number, address: string | null): Where {
  const { commit, entries } = group;
  const shown = shownOf(entries.length, open);
  let top = y + COMMIT_HEIGHT;
  for (let i = 0; i < shown && address !== null; i++) {
    const entry = entries[i] as Entry;
    const height = entryHeight(entry);
    if (entry.kind === 'patch' && entry.event.address === address) return { id: `${commit} ${i}`, top, height };
    top += height;
  }
  return { id: `${commit}`, top: y, height: COMMIT_HEIGHT };
}
