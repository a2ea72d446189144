/**
 * Holds the log against what the clients know. The rules are docs/spec/faults.md; every complaint names the rule that
 * was broken. Pure: checker.test.ts feeds it tampered histories.
 */
import { type Commit, CommitSchema } from '../../protocol/commit.ts';
import { upcast } from '../../protocol/upcast.ts';
import { validator } from '../../protocol/validate.ts';
import { emptyView, fold } from '../../protocol/view/fold.ts';
import { viewDigest } from '../../protocol/view/json.ts';
import type { View } from '../../protocol/view/types.ts';
import { type History, printOf } from './history.ts';

export type Kind = 'lost' | 'duplicated' | 'torn' | 'disordered' | 'broken';

export interface Complaint {
  readonly kind: Kind;
  readonly text: string;
}

/** The log of a machine as one daemon gives it, from the start, and digests of its views, by commit; one is at the head. */
export interface Found {
  readonly daemon: string;
  readonly epoch: string;
  readonly lines: readonly string[];
  readonly views: ReadonlyMap<number, string>;
}

const validCommit = validator(CommitSchema, 'commit');

/** Complaints about one machine, none when all is as it must be. `found` is not empty: one for each daemon. */
export function check(history: History, found: readonly Found[]): readonly Complaint[] {
  const complaints: Complaint[] = [];
  const complain = (kind: Kind, text: string): void =>
    void complaints.push({ kind, text: `${history.machine}: ${text}` });
  const [first, ...others] = found;
  if (first === undefined) throw new RangeError('no log was read');

  const places = checkLog(history, found, complain);
  for (const other of others) checkSame(first, other, complain);
  const prints = first.lines.map(printOf);
  checkAnswers(history, first.epoch, prints, places, complain);
  checkSeen(history, first.epoch, prints, complain);
  return complaints;
}

type Complain = (kind: Kind, text: string) => void;

/** Every commit whole, numbered without a gap, with an id that was sent, and once; the fold of them is what views show. */
function checkLog({ sent, refused }: History, found: readonly Found[], complain: Complain): Map<string, number> {
  const places = new Map<string, number>();
  const view = emptyView();
  let foldable = true;
  for (const [index, line] of (found[0]?.lines ?? []).entries()) {
    const place = index + 1;
    const commit = parse(line);
    if (typeof commit === 'string') {
      complain('torn', `FAULT-4: commit ${place} is not whole: ${commit}`);
      foldable = false;
      continue;
    }
    const { id, number } = commit;
    if (number !== place) complain('torn', `FAULT-3: where commit ${place} should be is commit ${number}`);
    const before = places.get(id);
    if (before !== undefined) complain('duplicated', `FAULT-2: ${id} is commit ${before} and commit ${place}`);
    else places.set(id, place);
    if (!sent.has(id)) complain('torn', `FAULT-4: commit ${place} has the id ${id}, which nobody sent`);
    if (refused.has(id)) complain('torn', `FAULT-5: ${id} was refused for good, and is commit ${place}`);
    foldable &&= folds(view, commit, complain);
    if (foldable) checkViews(view, found, complain);
  }
  return places;
}

function folds(view: View, commit: Commit, complain: Complain): boolean {
  try {
    fold(view, commit);
    return true;
  } catch (error) {
    complain('torn', `FAULT-4: commit ${commit.number} does not fold: ${String(error)}`);
    return false;
  }
}

function checkViews(view: View, found: readonly Found[], complain: Complain): void {
  for (const { daemon, views } of found) {
    const digest = views.get(view.commit);
    if (digest !== undefined && digest !== viewDigest(view)) {
      complain('torn', `FAULT-7: the view of ${daemon} at commit ${view.commit} is not the fold of the log`);
    }
  }
}

/** The commit, or what is wrong with it. */
function parse(line: string): Commit | string {
  let raw: unknown;
  try {
    raw = JSON.parse(line);
  } catch (error) {
    return String(error);
  }
  const cast = upcast(raw);
  if (!cast.ok) return cast.message;
  const valid = validCommit(cast.commit);
  return valid.ok ? valid.value : valid.message;
}

function checkSame(first: Found, other: Found, complain: Complain): void {
  const names = `${first.daemon} and ${other.daemon}`;
  if (other.epoch !== first.epoch) complain('torn', `FAULT-6: ${names} show the epochs ${first.epoch}, ${other.epoch}`);
  if (other.lines.length !== first.lines.length) {
    complain('torn', `FAULT-6: ${names} show ${first.lines.length} and ${other.lines.length} commits`);
  }
  const differs = other.lines.findIndex((line, index) => line !== first.lines[index]);
  if (differs >= 0 && differs < first.lines.length) {
    complain('disordered', `FAULT-6: ${names} show different commits ${differs + 1}`);
  }
}

function checkAnswers(
  { answers }: History,
  epoch: string,
  prints: readonly string[],
  places: ReadonlyMap<string, number>,
  complain: Complain,
): void {
  const firsts = new Map<string, number>();
  for (const { id, position, print, repeated } of answers) {
    const before = firsts.get(id) ?? position.commit;
    firsts.set(id, before);
    const told = `${id} was answered as ${position.epoch}:${position.commit}${repeated ? ' (repeated)' : ''}`;
    if (before !== position.commit) complain('duplicated', `FAULT-2: ${told}, and before as commit ${before}`);
    else if (position.epoch !== epoch) complain('lost', `FAULT-1: ${told}, the epoch is ${epoch}`);
    else if (position.commit > prints.length) complain('lost', `FAULT-1: ${told}, the log ends with ${prints.length}`);
    else if (prints[position.commit - 1] !== print) {
      const place = places.get(id);
      const instead = place === undefined ? 'it is nowhere' : `it is commit ${place}`;
      complain('lost', `FAULT-1: ${told}, but that commit is another: ${instead}`);
    }
  }
}

function checkSeen({ seen }: History, epoch: string, prints: readonly string[], complain: Complain): void {
  for (const one of seen) {
    if (one.epoch !== undefined && one.epoch !== epoch) {
      complain('torn', `FAULT-6: ${one.reader} read the epoch ${one.epoch}, the log has ${epoch}`);
    }
    const differs = one.prints.findIndex((print, index) => index < prints.length && print !== prints[index]);
    if (differs >= 0)
      complain('disordered', `FAULT-6: ${one.reader} saw another commit ${differs + 1} than the log has`);
    if (one.prints.length !== prints.length) {
      complain('torn', `FAULT-6: ${one.reader} saw ${one.prints.length} commits, the log has ${prints.length}`);
    }
  }
}
