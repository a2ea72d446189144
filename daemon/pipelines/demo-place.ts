/**
 * How far the demo machine is: which recorded commit is its newest, told by id and content, never by number alone,
 * because bookmarks that people set meanwhile are commits too and move the numbers of those that follow.
 */
import type { Commit, Position } from '../../protocol/commit.ts';
import { readSessionLine } from '../../protocol/session.ts';
import { bytesOf } from '../headless/session/file.ts';
import { linesOf } from '../headless/session/lines.ts';
import type { Entry } from '../log/log.ts';
import { decode, encode, readThrough } from './entry.ts';
import { done, type Outcome } from './outcome.ts';
import type { Runtime } from './runtime.ts';

export const DEMO_MACHINE = 'demo';

export type Place =
  | { readonly kind: 'no-machine' }
  /** Recorded commit `recorded` is the newest but for bookmarks; `position` is after those. */
  | { readonly kind: 'recorded'; readonly recorded: number; readonly position: Position }
  /** `commit` is its newest that is no bookmark, and is not recorded. */
  | { readonly kind: 'own-life'; readonly commit: Commit | undefined };

/** Commits that are looked at in one go, from the newest back. */
const LOOK_BACK = 64;

/** Where the demo machine stands in the session `file`. */
export async function placeOf(runtime: Runtime, file: string): Promise<Outcome<Place>> {
  const found = await runtime.head(DEMO_MACHINE);
  if (!found.ok) return found.error.code === 'no-such-machine' ? done({ kind: 'no-machine' }) : found;
  const { epoch, head, first } = found.value;
  for (let upTo = head; upTo >= first; upTo -= LOOK_BACK) {
    const entries: Entry[] = [];
    const after = Math.max(first - 1, upTo - LOOK_BACK);
    const refused = await readThrough(runtime.world.log, { name: DEMO_MACHINE, epoch }, after, upTo, (entry) => {
      entries.push(entry);
    });
    if (refused !== undefined) return refused;
    for (const entry of entries.reverse()) {
      const commit = decode(DEMO_MACHINE, entry);
      if (isBookmarks(commit)) continue;
      const recorded = await recordedAs(commit, file);
      if (recorded === undefined) return done({ kind: 'own-life', commit });
      return done({ kind: 'recorded', recorded, position: { epoch, commit: head } });
    }
  }
  return done({ kind: 'own-life', commit: undefined });
}

/** Bookmarks change nothing that a recorded commit rests on. */
const isBookmarks = ({ events }: Commit): boolean =>
  events.every(({ type }) => type === 'BookmarkSet' || type === 'BookmarkRemoved');

/** The number in the file of the commit with this id, if it says the same. Bookmarks may have moved it up, never down. */
async function recordedAs(commit: Commit, file: string): Promise<number | undefined> {
  const id = JSON.stringify(commit.id);
  const has = (text: string): boolean => text.includes(id);
  for await (const recorded of commitsOf(file, 0, has)) {
    if (recorded.number > commit.number) return undefined;
    if (recorded.id !== commit.id) continue;
    const same = encode({ ...recorded, number: commit.number }).text === encode(commit).text;
    return same ? recorded.number : undefined;
  }
  return undefined;
}

/** How many commits the session has. */
export async function countCommits(file: string): Promise<number> {
  let count = 0;
  for await (const _ of linesOf(bytesOf(file))) count++;
  return Math.max(1, count - 2);
}

/** The commits after commit `after` whose line is `wanted`: commit n is line n + 1. */
export async function* commitsOf(
  file: string,
  after: number,
  wanted: (text: string) => boolean = () => true,
): AsyncGenerator<Commit, void> {
  let number = 0;
  for await (const { text } of linesOf(bytesOf(file))) {
    number++;
    if (number - 1 <= after || !wanted(text)) continue;
    const line = readSessionLine(number, text);
    if (line.kind === 'fault') throw new Error(`${file}: line ${number}: ${line.message}`);
    if (line.kind === 'commit') yield line.commit;
  }
}
