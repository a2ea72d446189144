/** From a position as somebody wrote it to a place in a log, or to what is wrong with it in words that help. */
import type { Command } from '../../protocol/commands.ts';
import type { Position } from '../../protocol/commit.ts';
import type { PositionText } from '../../protocol/position.ts';
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
  const machine = await log.head(name);
  if (machine === undefined) return noSuchMachine(name);
  if (at?.form === 'link' && at.machine !== name) {
    return refuse('bad-position', `${at.machine}@${at.epoch} is a position of ${at.machine}, asked of ${name}`);
  }
  for (const wanted of [epoch, at && 'epoch' in at ? at.epoch : undefined]) {
    if (wanted !== undefined && wanted !== machine.epoch) return epochChanged(machine, wanted);
  }
  const commit = await commitOf(views, machine, at);
  return commit.ok ? checked(machine, commit.value) : commit;
}

async function commitOf(
  views: Views,
  { name, epoch, head }: MachineHead,
  at: PositionText | undefined,
): Promise<Outcome<number>> {
  if (at === undefined) return done(head);
  switch (at.form) {
    case 'back':
      if (at.commits <= head) return done(head - at.commits);
      return refuse('bad-position', `${name}: -${at.commits} is before the first commit, the newest is ${head}`);
    case 'bookmark': {
      const found = await views.bookmarks();
      if (!found.ok) return found;
      if (found.value.position.epoch !== epoch) return epochChanged({ name, ...found.value.position }, epoch);
      const { bookmarks } = found.value;
      const bookmark = bookmarks.find((each) => each.name === at.name);
      if (bookmark) return done(bookmark.at);
      const names = bookmarks.slice(-NAMES_TOLD).map((each) => each.name);
      const others = names.length === 0 ? 'it has none' : `it has ${names.join(', ')}`;
      const more = bookmarks.length > names.length ? ` and ${bookmarks.length - names.length} more` : '';
      return refuse('no-such-bookmark', `${name} has no bookmark called ${at.name}: ${others}${more}`);
    }
    default:
      return done(at.commit ?? head);
  }
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
