/**
 * The machine `demo`: the session that ships with the program, played into the log at a pace, so that there is something
 * to watch from the first second on. After a restart it goes on where it stopped.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Commit, Position } from '../../protocol/commit.ts';
import { readSessionLine } from '../../protocol/session.ts';
import { bytesOf } from '../headless/session/file.ts';
import { linesOf } from '../headless/session/lines.ts';
import { readOne } from './entry.ts';
import { done, type Outcome, refuse } from './outcome.ts';
import { delayOf, type Pace } from './pace.ts';
import type { Runtime } from './runtime.ts';

export const DEMO_MACHINE = 'demo';
export const DEMO_SESSION = fileURLToPath(new URL('../../sessions/demo.veneer.jsonl.gz', import.meta.url));

/** Commits that go in together when nobody wants to wait between them. */
const BATCH = 64;
/** Longest wait between two looks at a log that refuses for now. */
const RETRY_MS = 1_000;

/** Plays `file` into the demo machine; resolves when all of it is there, or when `signal` aborts. */
export async function playDemo(
  runtime: Runtime,
  pace: Pace,
  signal: AbortSignal,
  file = DEMO_SESSION,
): Promise<Outcome<null>> {
  let position = await whereItStopped(runtime, file);
  if (!position.ok) return position;
  let commits = 0;
  let previous: number | undefined;
  let batch: Commit[] = [];
  const flush = async (): Promise<Outcome<Position | null>> => {
    const appended = await appendPatiently(runtime, position.ok ? position.value : null, batch, signal);
    batch = [];
    return appended;
  };
  for await (const commit of commitsOf(file, position.value?.commit ?? 0)) {
    // The machine is there at once, how many commits it will have comes later.
    if (commit.number > 1 && commits === 0) commits = await countCommits(file);
    const wait = commit.number === 1 ? 0 : delayOf(pace, previous ?? commit.time, commit.time, commits);
    previous = commit.time;
    if (batch.length > 0 && (wait > 0 || batch.length >= BATCH)) position = await flush();
    if (wait > 0) await sleep(wait, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return done(null);
    if (!position.ok) return position;
    batch.push(commit);
    if (commit.number === 1) position = await flush();
  }
  if (batch.length > 0) position = await flush();
  return position.ok ? done(null) : position;
}

/** Tries again for as long as the log is away. */
async function appendPatiently(
  runtime: Runtime,
  at: Position | null,
  commits: readonly Commit[],
  signal: AbortSignal,
): Promise<Outcome<Position>> {
  while (true) {
    const appended = await runtime.append(DEMO_MACHINE, at, commits);
    if (appended.ok || appended.error.code !== 'log-unavailable' || signal.aborted) return appended;
    await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** Null when there is no such machine; a refusal when the machine is not, or is no longer, a replay of the file. */
async function whereItStopped(runtime: Runtime, file: string): Promise<Outcome<Position | null>> {
  const head = await runtime.head(DEMO_MACHINE);
  if (!head.ok) return head.error.code === 'no-such-machine' ? done(null) : head;
  const { epoch, head: commit } = head.value;
  const newest = await readOne(runtime.world.log, DEMO_MACHINE, epoch, commit);
  if (!newest.ok) return newest;
  for await (const recorded of commitsOf(file, commit - 1)) {
    if (recorded.id === newest.value.id) return done({ epoch, commit });
    break;
  }
  return refuse('machine-exists', `${DEMO_MACHINE} is a machine of its own by now`);
}

async function countCommits(file: string): Promise<number> {
  let count = 0;
  for await (const _ of linesOf(bytesOf(file))) count++;
  return Math.max(1, count - 2);
}

/** The commits after commit `after`: commit n is line n + 1. */
async function* commitsOf(file: string, after: number): AsyncGenerator<Commit, void> {
  let number = 0;
  for await (const { text } of linesOf(bytesOf(file))) {
    number++;
    if (number - 1 <= after) continue;
    const line = readSessionLine(number, text);
    if (line.kind === 'fault') throw new Error(`${file}: line ${number}: ${line.message}`);
    if (line.kind === 'commit') yield line.commit;
  }
}
