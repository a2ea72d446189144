/** What the feed's panel asks its worker for, and what it gets: the rows of the stretch that is on the screen. */
import type { EventOf } from '../../../../protocol/events/index.ts';
import type { Note } from './notes.ts';
import type { Terms } from './terms.ts';

export interface FeedWish {
  readonly terms: Terms;
  /** Also the events beside patches that decide something. */
  readonly all: boolean;
  /** What happens from now on is counted and not shown. */
  readonly held: boolean;
  /** Goes up by one whenever somebody wants older commits searched. */
  readonly further: number;
  /** Commits whose rows are all shown, however many. */
  readonly open: readonly number[];
  /** The stretch of which rows are wanted, in CSS pixels from the newest row on. */
  readonly top: number;
  readonly height: number;
  /** What has to be found: a commit, and in it the patch at an address, where that is known. */
  readonly show: { readonly commit: number; readonly address: string | null } | null;
}

export interface Where {
  readonly id: string;
  readonly top: number;
  readonly height: number;
}

export interface CommitRow extends Where {
  readonly kind: 'commit';
  readonly commit: number;
  /** Milliseconds since 1970. */
  readonly time: number;
  /** The command. */
  readonly words: string;
  /** Of those that the filter let through. */
  readonly patches: number;
  /** How many CPUs-stopping writes are among them. */
  readonly stops: number;
}

export interface PatchRow extends Where {
  readonly kind: 'patch';
  readonly commit: number;
  /** Among all events of the commit; null where it was filtered by the daemon, which says not which one it was. */
  readonly index: number | null;
  readonly event: EventOf<'StaticCallPatched'>;
}

export interface NoteRow extends Where {
  readonly kind: 'note';
  readonly note: Note;
}

/** Rows of a commit that has very many, not shown until somebody asks. */
export interface MoreRow extends Where {
  readonly kind: 'more';
  readonly commit: number;
  readonly hidden: number;
}

export type FeedRow = CommitRow | PatchRow | NoteRow | MoreRow;

export interface FeedWindow {
  /** Another one: the rows are others altogether, and begin anew. */
  readonly turn: number;
  readonly epoch: string;
  /** The newest commit that is shown. */
  readonly through: number;
  /** Commits after this one were searched. */
  readonly floor: number;
  /** `searching`: older commits are being read; `start`: there are none; `full`: no room for more; `idle`: when asked. */
  readonly older: 'searching' | 'start' | 'full' | 'idle';
  readonly height: number;
  readonly rows: readonly FeedRow[];
  /** Patches in memory, and other rows. */
  readonly patches: number;
  readonly notes: number;
  /** While it is held: rows that came meanwhile. */
  readonly waiting: number;
  readonly shown: Where | null;
  /** Why older commits can't be read. */
  readonly problem: string | null;
}

/** CSS pixels; feed.css has the same. */
export const COMMIT_HEIGHT = 28;
export const NOTE_HEIGHT = 22;
export const MORE_HEIGHT = 28;
export const PATCH_HEIGHT = 64;
/** Each instruction of the longer side. */
export const LINE_HEIGHT = 18;
