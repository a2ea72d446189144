/**
 * The machine `demo`: the session that ships with the program, played into the log at a pace, so that there is something
 * to watch from the first second on. It goes on where it stopped, after a restart and after bookmarks that people set
 * meanwhile; anything else that they do to the machine ends it.
 */
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Commit, Position } from '../../protocol/commit.ts';
import { commitsOf, countCommits, DEMO_MACHINE, type Place, placeOf } from './demo-place.ts';
import { done, type Outcome, type Refusal } from './outcome.ts';
import { dueAfter, type Pace } from './pace.ts';
import type { Runtime } from './runtime.ts';

export { DEMO_MACHINE };

export const DEMO_SESSION = fileURLToPath(new URL('../../sessions/demo.veneer.jsonl.gz', import.meta.url));

/** What became of it. `left-alone`: it had ended before this play began. */
export type Played =
  | { readonly kind: 'complete' | 'stopped' | 'left-alone' }
  | { readonly kind: 'ended'; readonly why: string };

interface Play {
  readonly runtime: Runtime;
  readonly signal: AbortSignal;
  readonly file: string;
  /** Milliseconds until this commit is due, by the time at which the play's first one was. */
  restOf(commit: Commit): Promise<number>;
}

/** Commits that go in together when nobody wants to wait between them. */
const BATCH = 64;
/** Longest wait between two looks at a log that refuses for now. */
const RETRY_MS = 1_000;

/** Plays `file` into the demo machine; resolves when all of it is there, when it can't go on, or when `signal` aborts. */
export async function playDemo(
  runtime: Runtime,
  pace: Pace,
  signal: AbortSignal,
  file = DEMO_SESSION,
): Promise<Outcome<Played>> {
  const play: Play = { runtime, signal, file, restOf: schedule(pace, file) };
  let place = await placeOf(runtime, file);
  if (place.ok && place.value.kind === 'own-life') return done({ kind: 'left-alone' });
  while (place.ok) {
    if (place.value.kind === 'own-life') return done({ kind: 'ended', why: changedBy(place.value.commit) });
    const played = await playFrom(play, place.value);
    if (played.ok) return played;
    if (signal.aborted) return done({ kind: 'stopped' });
    if (isGone(played)) return done({ kind: 'ended', why: `${DEMO_MACHINE} was removed` });
    if (!isOvertaken(played)) return played;
    place = await placeOf(runtime, file);
    if (place.ok && place.value.kind === 'no-machine') {
      return done({ kind: 'ended', why: `${DEMO_MACHINE} was removed` });
    }
  }
  return place;
}

async function playFrom(play: Play, place: Exclude<Place, { kind: 'own-life' }>): Promise<Outcome<Played>> {
  let position = place.kind === 'recorded' ? place.position : null;
  const recorded = place.kind === 'recorded' ? place.recorded : 0;
  const bookmarks = (position?.commit ?? 0) - recorded;
  let batch: Commit[] = [];
  const flush = async (): Promise<Refusal | undefined> => {
    if (batch.length === 0) return undefined;
    const appended = await appendPatiently(play, position, batch);
    batch = [];
    if (!appended.ok) return appended;
    position = appended.value;
    return undefined;
  };
  for await (const commit of commitsOf(play.file, recorded)) {
    if (batch.length >= BATCH || (await play.restOf(commit)) > 0) {
      const refused = await flush();
      if (refused !== undefined) return refused;
    }
    const rest = await play.restOf(commit);
    if (rest > 0) await sleep(rest, undefined, { signal: play.signal }).catch(() => undefined);
    if (play.signal.aborted) return done({ kind: 'stopped' });
    batch.push({ ...commit, number: commit.number + bookmarks });
    if (commit.number > 1) continue;
    // The machine is there at once.
    const refused = await flush();
    if (refused !== undefined) return refused;
  }
  return (await flush()) ?? done({ kind: 'complete' });
}

/** Due times count from the first commit that is played: what an append takes is not added to the waits. */
function schedule(pace: Pace, file: string): Play['restOf'] {
  let first: { readonly commit: Commit; readonly at: number } | undefined;
  let commits: number | undefined;
  return async (commit) => {
    first ??= { commit, at: performance.now() };
    if (commit === first.commit) return 0;
    commits ??= await countCommits(file);
    return first.at + dueAfter(pace, first.commit, commit, commits) - performance.now();
  };
}

/** Tries again for as long as the log is away. */
async function appendPatiently(
  { runtime, signal }: Play,
  at: Position | null,
  commits: readonly Commit[],
): Promise<Outcome<Position>> {
  while (true) {
    const appended = await runtime.append(DEMO_MACHINE, at, commits);
    if (appended.ok || appended.error.code !== 'log-unavailable' || signal.aborted) return appended;
    await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
  }
}

const isGone = ({ error }: Refusal): boolean => error.code === 'no-such-machine' || error.code === 'epoch-changed';

/** Somebody else's commit was first: a person's, or that of another daemon that plays the same. */
const isOvertaken = ({ error }: Refusal): boolean =>
  error.code === 'version-conflict' || error.code === 'machine-exists';

const changedBy = (commit: Commit | undefined): string =>
  commit === undefined
    ? `the recorded commits of ${DEMO_MACHINE} were trimmed`
    : `commit ${commit.number} (${commit.command.type}) made ${DEMO_MACHINE} a machine of its own`;
