/** From a position as somebody wrote it to a place in a log, or to what is wrong with it in words that help. */
import type { Command } from '../../protocol/commands.ts';
import type { Position } from '../../protocol/commit.ts';
import type { PositionText } from '../../protocol/position.ts';
import type { Bookmark } from '../../protocol/view/types.ts';
import type { EventLog, MachineHead } from '../log/log.ts';
import { done, noSuchMachine, type Outcome, refuse, trimmed } from './outcome.ts';
import type { Views } from './views.ts';

/** `at`: the newest unless told. `epoch`: refused unless the machine still has it. */
export interface Wanted {
  readonly at?: PositionText | undefined;
  readonly epoch?: string | undefined;
}

/** Names told of a machine's bookmarks where another one is asked for. */
const NAMES_TOLD = 5;

export async function locate(
  log: EventLog,
  views: Views,
  name: string,
  { at, epoch }: Wanted,
): Promise<Outcome<Position>> {
  // Before the head is asked for: what they point to is there then.
  const named = at?.form === 'bookmark' ? { name: at.name, found: await views.bookmarks() } : undefined;
  const machine = await log.head(name);
  if (machine === undefined) return noSuchMachine(name);
  if (at?.form === 'link' && at.machine !== name) {
    return refuse('bad-position', `${at.machine}@${at.epoch} is a position of ${at.machine}, asked of ${name}`);
  }
  for (const wanted of [epoch, at && 'epoch' in at ? at.epoch : undefined]) {
    if (wanted !== undefined && wanted !== machine.epoch) return epochChanged(machine, wanted);
  }
  if (named) {
    if (!named.found.ok) return named.found;
    const { position, bookmarks } = named.found.value;
    if (position.epoch !== machine.epoch) return epochChanged(machine, position.epoch);
    const bookmark = bookmarks.find((each) => each.name === named.name);
    return bookmark ? checked(machine, bookmark.at) : noSuchBookmark(name, named.name, bookmarks);
  }
  const { head } = machine;
  if (at?.form === 'back' && at.commits > head) {
    return refuse('bad-position', `${name}: -${at.commits} is before the first commit, the newest is ${head}`);
  }
  if (at?.form === 'back') return checked(machine, head - at.commits);
  return checked(machine, at && 'commit' in at ? (at.commit ?? head) : head);
}

function noSuchBookmark(machine: string, name: string, all: readonly Bookmark[]): Outcome<never> {
  const names = all.slice(-NAMES_TOLD).map((each) => each.name);
  const others = names.length === 0 ? 'it has none' : `it has ${names.join(', ')}`;
  const more = all.length > names.length ? ` and ${all.length - names.length} more` : '';
  return refuse('no-such-bookmark', `${machine} has no bookmark called ${name}: ${others}${more}`);
}

/** The position, if the log can still and already show it. */
export function checked({ name, epoch, first, head }: MachineHead, commit: number): Outcome<Position> {
  if (commit > head) {
    return refuse('position-ahead', `${name}: the newest commit is ${head}, there is no position ${commit} yet`);
  }
  if (commit < first - 1) return trimmed(name, first, commit);
  return done({ epoch, commit });
}

export function epochChanged({ name, epoch }: Pick<MachineHead, 'name' | 'epoch'>, wanted: string): Outcome<never> {
  return refuse(
    'epoch-changed',
    `${name} has the epoch ${epoch}, not ${wanted}: a machine that is removed and made again gets a new one, and what was before is gone`,
  );
}

/** A bookmark without a position means the one that the command meets; none points to what is not there yet. */
export function meant(command: Command, name: string, head: number): Outcome<Command> {
  if (command.type !== 'bookmark' || command.at === null) return done(command);
  const { at = head } = command;
  if (at <= head) return done({ ...command, at });
  return refuse('position-ahead', `${name}: the newest commit is ${head}, a bookmark can't point to ${at}`);
}
