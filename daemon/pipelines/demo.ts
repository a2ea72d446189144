/**
 * The machine `demo`: the session that ships with the program, played into the log at a pace, so that there is something
 * to watch from the first second on. After a restart it goes on where it stopped.
 */
import { createReadStream } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Commit, Position } from '../../protocol/commit.ts';
import { readSessionLine } from '../../protocol/session.ts';
import { readOne } from './entry.ts';
import { linesOf } from './lines.ts';
import { done, type Outcome, refuse } from './outcome.ts';
import { delayOf, type Pace } from './pace.ts';
import type { Runtime } from './runtime.ts';

export const DEMO_MACHINE = 'demo';
export const DEMO_SESSION = fileURLToPath(new URL('../../sessions/demo.veneer.jsonl.gz', import.meta.url));

/** Longest wait between two looks at a log that refuses for now. */
const RETRY_MS = 1_000;

/** Plays `file` into the demo machine; resolves when all of it is there, or when `signal` aborts. */
export async function playDemo(
  runtime: Runtime,
  pace: Pace,
  signal: AbortSignal,
  file = DEMO_SESSION,
): Promise<Outcome<null>> {
  const commits = await countCommits(file);
  let position = await whereItStopped(runtime, file);
  if (!position.ok) return position;
  let previous = 0;
  for await (const commit of commitsOf(file)) {
    const at: Position | null = position.value;
    const wait = commit.number === 1 ? 0 : delayOf(pace, previous, commit.time, commits);
    previous = commit.time;
    if (at !== null && commit.number <= at.commit) continue;
    if (wait > 0) await sleep(wait, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return done(null);
    let appended = await runtime.append(DEMO_MACHINE, at, [commit]);
    while (!appended.ok && appended.error.code === 'log-unavailable' && !signal.aborted) {
      await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
      appended = await runtime.append(DEMO_MACHINE, at, [commit]);
    }
    if (!appended.ok) return appended;
    position = appended;
  }
  return done(null);
}

/** Null when there is no such machine; a refusal when the machine is not, or is no longer, a replay of the file. */
async function whereItStopped(runtime: Runtime, file: string): Promise<Outcome<Position | null>> {
  const head = await runtime.head(DEMO_MACHINE);
  if (!head.ok) return head.error.code === 'no-such-machine' ? done(null) : head;
  const { epoch, head: commit } = head.value;
  const newest = await readOne(runtime.world.log, DEMO_MACHINE, epoch, commit);
  if (!newest.ok) return newest;
  for await (const recorded of commitsOf(file)) {
    if (recorded.number === commit && recorded.id === newest.value.id) return done({ epoch, commit });
  }
  return refuse('machine-exists', `${DEMO_MACHINE} is a machine of its own by now`);
}

async function countCommits(file: string): Promise<number> {
  let count = 0;
  for await (const _ of linesOf(createReadStream(file))) count++;
  return Math.max(1, count - 2);
}

async function* commitsOf(file: string): AsyncGenerator<Commit, void> {
  let number = 0;
  for await (const text of linesOf(createReadStream(file))) {
    number++;
    const line = readSessionLine(number, text);
    if (line.kind === 'commit') yield line.commit;
    if (line.kind === 'fault') throw new Error(`${file}: line ${number}: ${line.message}`);
  }
}
