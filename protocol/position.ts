/**
 * Positions as people write them. A position is read as "after this commit":
 *
 *   812                after commit 812; 0 is before the first
 *   -100               100 commits before the newest; -0 is the newest
 *   k3x7m2pq:812       after commit 812 of this epoch, and of no other machine of that name
 *   @before-oom        what a bookmark says
 *   demo@k3x7m2pq:812  the permalink: machine, epoch, commit. Without :812 the newest of that epoch
 */
import type { Position } from './commit.ts';
import { BookmarkNameSchema, EpochSchema, MachineNameSchema } from './schema.ts';
import { validator } from './validate.ts';
import type { Bookmark } from './view/types.ts';

/** Bookmarks of one machine. */
export const BOOKMARKS_MAX = 256;
/** Characters of the longest position: a machine, an epoch, 15 digits, and what stands between. */
export const POSITION_CHARS = 63 + 1 + 32 + 1 + 15;

export type PositionText =
  | { readonly form: 'commit'; readonly commit: number }
  | { readonly form: 'back'; readonly commits: number }
  | { readonly form: 'epoch'; readonly epoch: string; readonly commit: number }
  | { readonly form: 'bookmark'; readonly name: string }
  /** `commit` null: the newest of that epoch. */
  | { readonly form: 'link'; readonly machine: string; readonly epoch: string; readonly commit: number | null };

export type ParsedPosition =
  | { readonly ok: true; readonly position: PositionText }
  | { readonly ok: false; readonly message: string };

/** A position of a machine that is named with it. */
export interface Place extends Position {
  readonly machine: string;
}

/** GET /machines/:name/position: `bookmarks` are the names of this position. */
export interface LocatedAnswer {
  readonly position: Position;
  readonly bookmarks: readonly string[];
}

/** GET /machines/:name/bookmarks, as the newest position has them. */
export interface BookmarksAnswer {
  readonly position: Position;
  readonly bookmarks: readonly Bookmark[];
}

const NUMBER = /^(0|[1-9][0-9]{0,14})$/;
const epochIn = validator(EpochSchema, 'the epoch');
const machineIn = validator(MachineNameSchema, 'the machine');
const bookmarkIn = validator(BookmarkNameSchema, 'the bookmark');

const FORMS = 'a commit number, -N, EPOCH:N, @BOOKMARK or MACHINE@EPOCH:N';

/** Total: every text is one position, or gets a message that says what was expected where. */
export function parsePosition(text: string): ParsedPosition {
  if (text.length > POSITION_CHARS) {
    return fault(`a position has at most ${POSITION_CHARS} characters, this one has ${text.length}`);
  }
  const at = text.indexOf('@');
  const colon = text.indexOf(':');
  if (at === 0) return parseBookmark(text);
  if (at > 0) return parseLink(text, at);
  if (colon >= 0) return parseEpoch(text, colon);
  const back = text.startsWith('-');
  const number = numberOf(back ? text.slice(1) : text);
  if (number === undefined) return fault(`${JSON.stringify(text)}: expected ${FORMS}`);
  return ok(back ? { form: 'back', commits: number } : { form: 'commit', commit: number });
}

function parseBookmark(text: string): ParsedPosition {
  const name = bookmarkIn(text.slice(1));
  return name.ok ? ok({ form: 'bookmark', name: name.value }) : mistaken(text, name.message);
}

function parseEpoch(text: string, colon: number): ParsedPosition {
  const epoch = epochIn(text.slice(0, colon));
  const commit = numberOf(text.slice(colon + 1));
  if (!epoch.ok) return mistaken(text, epoch.message);
  return commit === undefined ? mistaken(text, NO_NUMBER) : ok({ form: 'epoch', epoch: epoch.value, commit });
}

function parseLink(text: string, at: number): ParsedPosition {
  const colon = text.indexOf(':', at);
  const machine = machineIn(text.slice(0, at));
  const epoch = epochIn(text.slice(at + 1, colon < 0 ? undefined : colon));
  const commit = colon < 0 ? null : numberOf(text.slice(colon + 1));
  if (!machine.ok) return mistaken(text, machine.message);
  if (!epoch.ok) return mistaken(text, epoch.message);
  if (commit === undefined) return mistaken(text, NO_NUMBER);
  return ok({ form: 'link', machine: machine.value, epoch: epoch.value, commit });
}

/** The text that parses to `position`. */
export function positionText(position: PositionText): string {
  switch (position.form) {
    case 'commit':
      return String(position.commit);
    case 'back':
      return `-${position.commits}`;
    case 'epoch':
      return `${position.epoch}:${position.commit}`;
    case 'bookmark':
      return `@${position.name}`;
    case 'link': {
      const { machine, epoch, commit } = position;
      return commit === null ? `${machine}@${epoch}` : `${machine}@${epoch}:${commit}`;
    }
  }
}

/** MACHINE@EPOCH:N: names this position among all machines, also after one was removed and made again. */
export function permalink({ machine, epoch, commit }: Place): string {
  return positionText({ form: 'link', machine, epoch, commit });
}

const NO_NUMBER = 'after the colon must be a whole number of at most 15 digits';
const numberOf = (text: string): number | undefined => (NUMBER.test(text) ? Number(text) : undefined);
const ok = (position: PositionText): ParsedPosition => ({ ok: true, position });
const fault = (message: string): ParsedPosition => ({ ok: false, message });
const mistaken = (text: string, message: string): ParsedPosition => fault(`${JSON.stringify(text)}: ${message}`);
