/**
 * Two logs, event by event: for each command what it came to in one and in the other, by meaning where addresses differ, and
 * at the end what that adds up to. Logs are read once, as streams; what is kept of them is what a machine holds.
 */
import type { Commit } from '../commit.ts';
import { align, type Pair, whatOf } from './align.ts';
import { differencesOf } from './differences.ts';
import { type Came, type Effect, effectOf } from './effect.ts';
import { openCounting } from './figures.ts';
import type { ComparedCommand, ComparedLine, CompareSummary, Side, Turned } from './form.ts';
import { openPlaces } from './places.ts';

/** Commands that a summary names of each kind. */
const NAMED = 100;

/** A line for every command, in order, then the summary. Throws a RangeError for a log whose events don't fit each other. */
export async function* compareLogs(
  a: AsyncIterable<Commit>,
  b: AsyncIterable<Commit>,
): AsyncGenerator<ComparedLine, void> {
  const sides = [openSide(), openSide()] as const;
  const sum = openSummary();
  for await (const pair of align(a, b)) {
    const before = pair.a ? sides[0].take(pair.a) : undefined;
    const after = pair.b ? sides[1].take(pair.b) : undefined;
    const line = lineOf(pair, before, after);
    sum.take(line, before, after);
    yield line;
  }
  const figures = [sides[0].figures(), sides[1].figures()] as const;
  yield { summary: { ...sum.summary(), figures } };
}

function openSide() {
  const places = openPlaces();
  const counting = openCounting();
  return {
    take: (commit: Commit): Effect => effectOf(commit, places, counting.take),
    figures: counting.figures,
  };
}

function lineOf({ a, b }: Pair, before: Effect | undefined, after: Effect | undefined): ComparedCommand {
  const sides = { a: a && sideOf(a), b: b && sideOf(b) };
  if (!a || !b || !before || !after) return { ...sides, verdict: a ? 'only-a' : 'only-b', differences: [] };
  if (JSON.stringify(a.events) === JSON.stringify(b.events)) return { ...sides, verdict: 'same', differences: [] };
  const { differences, changed } = differencesOf(a, b, before, after);
  if (differences.length === 0 && a.command.type === 'boot') return { ...sides, verdict: 'same', differences };
  return { ...sides, verdict: changed ? 'changed' : 'moved', differences };
}

/** A load is about its module, where its events name one. */
function sideOf({ number, id, command, events }: Commit): Side {
  const { type } = command;
  const named = events.find((event) => 'module' in event && event.module !== '');
  const module = type === 'load' && named && 'module' in named ? named.module : undefined;
  const what = module ?? (type === 'load' ? (command.file ?? command.blob.slice(0, 16)) : whatOf(command));
  return { number, id, type, what };
}

function openSummary() {
  const commands: [number, number] = [0, 0];
  const verdicts = { same: 0, moved: 0, changed: 0, 'only-a': 0, 'only-b': 0 };
  const veneers = { a: 0, b: 0, more: 0, fewer: 0 };
  const windows = { toFallback: 0, toDirect: 0 };
  const failsNow = { count: 0, first: [] as Turned[] };
  const worksNow = { count: 0, first: [] as Turned[] };
  let first: CompareSummary['first'] = null;

  function turned(line: ComparedCommand, came: readonly [Came, Came]): void {
    const [a, b] = came;
    if (a.kind === 'done' && b.kind !== 'done') name(failsNow, line, b);
    if (a.kind !== 'done' && b.kind === 'done') name(worksNow, line, a);
  }

  return {
    take(line: ComparedCommand, before: Effect | undefined, after: Effect | undefined): void {
      if (before) commands[0]++;
      if (after) commands[1]++;
      verdicts[line.verdict]++;
      veneers.a += before?.veneers ?? 0;
      veneers.b += after?.veneers ?? 0;
      const isBoot = (line.a ?? line.b)?.type === 'boot';
      if (first === null && !isBoot && line.verdict !== 'same' && line.verdict !== 'moved') {
        const { a, b, verdict } = line;
        first = { a, b, verdict };
      }
      if (!before || !after) return;
      turned(line, [before.came, after.came]);
      if (before.came.kind !== 'done' || after.came.kind !== 'done') return;
      if (after.veneers > before.veneers) veneers.more++;
      if (after.veneers < before.veneers) veneers.fewer++;
      if (isNear(before) && isFar(after)) windows.toFallback++;
      if (isFar(before) && isNear(after)) windows.toDirect++;
    },
    summary(): Omit<CompareSummary, 'figures'> {
      const { same, moved, changed } = verdicts;
      const only = { onlyA: verdicts['only-a'], onlyB: verdicts['only-b'] };
      return { commands, same, moved, changed, ...only, first, failsNow, worksNow, windows, veneers };
    },
  };
}

function name(turns: { count: number; first: Turned[] }, { a, b }: ComparedCommand, came: Came): void {
  turns.count++;
  if (!a || !b || came.kind === 'done' || turns.first.length >= NAMED) return;
  const errno = came.kind === 'failed' ? came.errno : came.code;
  // Where the kernel says nothing, the step says where it stopped.
  const words = came.kind === 'failed' && came.words === '' ? `at ${came.step}` : came.words;
  turns.first.push({ a: a.number, b: b.number, type: a.type, what: a.what, errno, words });
}

const isFar = ({ parts }: Effect): boolean => [...parts.values()].some(({ window }) => window === 'fallback');
const isNear = ({ parts }: Effect): boolean =>
  parts.size > 0 && [...parts.values()].every(({ window }) => window === 'direct');
