/**
 * Forks: the log of a machine, up to a position, replayed by its commands into a new machine with changed rules. The log is
 * read page by page, and the new machine is staged: it is there whole or not at all. Forks take turns, and only so many wait.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Commit, Position } from '../../protocol/commit.ts';
import type { ForkBody, Forked, ForkOrigin, ForkProgress, LoadedFile } from '../../protocol/fork.ts';
import { type PositionText, parsePosition } from '../../protocol/position.ts';
import { filesOf, openPlanner } from '../kernel/fork/plan.ts';
import { openReplay } from '../kernel/fork/replay.ts';
import type { Blobs } from '../kernel/kernel.ts';
import { FORKS } from '../limits.ts';
import { type NewEntry, PAGE_BYTES, PAGE_ENTRIES, type Staging } from '../log/log.ts';
import { decode, encode, readOne } from './entry.ts';
import { forkFault, loadedFiles } from './fork-files.ts';
import { givenUp, Stopped, walk } from './fork-walk.ts';
import type { World } from './machine.ts';
import { openMailbox } from './mailbox.ts';
import { done, type Outcome, type Refusal, refuse } from './outcome.ts';
import { noRoomFor } from './room.ts';

export interface ForkWatch {
  /** Told when the fork begins, after everything that can be checked was, then now and again. */
  progress(progress: ForkProgress): void;
  /** Gives the fork up: nothing of it stays. */
  readonly signal: AbortSignal;
}

export interface Forker {
  fork(machine: string, body: ForkBody, watch: ForkWatch): Promise<Outcome<Forked>>;
  /** The module files that the commands up to a position name. */
  files(place: ForkOrigin, signal: AbortSignal): Promise<Outcome<readonly LoadedFile[]>>;
  /** Gives up what runs and what waits. */
  close(): Promise<void>;
}

/** Where a position that somebody wrote is. */
type Locate = (machine: string, wanted: { readonly at?: PositionText | undefined }) => Promise<Outcome<Position>>;

/** Commits between two tellings of progress. */
const TELL_EVERY = 64;

export function openForker(world: World, locate: Locate): Forker {
  const turns = openMailbox(FORKS, world.mistake);
  const closing = new AbortController();
  const until = (signal: AbortSignal) => AbortSignal.any([signal, closing.signal]);

  return {
    fork: (machine, body, { progress, signal }) =>
      turns.post(async () => {
        // 1. The source, and a name that is free.
        const found = await originOf(world, locate, machine, body.at);
        if (!found.ok) return found;
        const fork = { from: found.value, body, signal: until(signal) };
        const taken = await takenBy(world, fork);
        if (taken !== undefined) return taken;

        // 2. All that it takes.
        const fault = await forkFault(world, fork.from, body.changes, fork.signal);
        if (fault !== undefined) return fault;

        const full = await noRoomFor(world.log, body.as);
        if (full !== undefined) return full;

        // 3. Replay it aside, and make that the machine.
        const staging = world.log.stage(body.as, world.newEpoch());
        try {
          return await make(world, fork, staging, progress);
        } finally {
          await staging.discard();
        }
      }),

    files: (place, signal) => turns.post(() => loadedFiles(world, place, until(signal))),

    close() {
      closing.abort();
      return turns.close();
    },
  };
}

interface Fork {
  readonly from: ForkOrigin;
  readonly body: ForkBody;
  readonly signal: AbortSignal;
}

async function originOf(
  world: World,
  locate: Locate,
  machine: string,
  at: string | undefined,
): Promise<Outcome<ForkOrigin>> {
  const parsed = at === undefined ? undefined : parsePosition(at);
  if (parsed && !parsed.ok) return refuse('bad-position', parsed.message);
  const position = await locate(machine, { at: parsed?.position });
  if (!position.ok) return position;
  const { epoch, commit } = position.value;
  if (commit === 0) return refuse('bad-position', `${machine}: before commit 1 there is nothing to fork`);
  const head = await world.log.head(machine);
  if (head !== undefined && head.first > 1) {
    const why = 'a fork replays all commands from the first on';
    return refuse('position-trimmed', `${machine}: commits before ${head.first} are gone, and ${why}`);
  }
  return done({ machine, epoch, commit });
}

/** The refusal where another machine has the name; this very fork, made before, is none. */
async function takenBy(world: World, { from, body }: Fork): Promise<Refusal | undefined> {
  const { as, changes } = body;
  const there = await world.log.head(as);
  if (there === undefined) return undefined;
  const first = there.first === 1 ? await readOne(world.log, as, there.epoch, 1) : undefined;
  const origin = first?.ok && decode(as, first.value).events.find((event) => event.type === 'MachineForked');
  const same = origin && isDeepStrictEqual([origin.from, origin.changes], [from, changes]);
  return same ? undefined : refuse('machine-exists', `there is a machine called ${as}`);
}

async function make(
  world: World,
  { from, body, signal }: Fork,
  staging: Staging,
  progress: ForkWatch['progress'],
): Promise<Outcome<Forked>> {
  const planner = openPlanner(body.changes);
  const replay = openReplay(from, body.changes);
  let number = 0;
  let batch: NewEntry[] = [];
  /** Characters, which are bytes but for what is no ASCII: about a page is staged at a time. */
  let chars = 0;
  const flush = async (): Promise<void> => {
    await staging.append(batch);
    batch = [];
    chars = 0;
  };
  const keep = async (commits: readonly Commit[]): Promise<void> => {
    for (const commit of commits) {
      const entry = encode(commit);
      number = commit.number;
      batch.push(entry);
      chars += entry.text.length;
      if (batch.length >= PAGE_ENTRIES || chars >= PAGE_BYTES) await flush();
    }
  };

  progress({ done: 0, of: from.commit });
  const refused = await walk(world, from, signal, async (commit) => {
    const plan = planner.at(commit);
    const blobs = await fetched(world, plan.needs);
    if (!blobs.ok) throw new Stopped(blobs);
    const replayed = replay.take(commit, plan, blobs.value);
    if (!replayed.ok) throw new Stopped(refuse('bad-command', `${from.machine}: ${replayed.message}`));
    await keep(replayed.commits);
    if (commit.number % TELL_EVERY === 0) progress({ done: commit.number, of: from.commit });
  });
  if (refused !== undefined) return refused;
  const rest = planner.rest();
  const blobs = await fetched(world, filesOf(rest));
  if (!blobs.ok) return blobs;
  await keep(replay.end(rest, blobs.value));
  if (batch.length > 0) await flush();
  if (signal.aborted) return givenUp();

  const { status, epoch } = await staging.publish();
  if (status === 'machine-exists') return refuse('machine-exists', `there is a machine called ${body.as}`);
  const repeated = status === 'duplicate';
  return done({ position: { epoch, commit: number }, repeated, counts: { ...replay.counts } });
}

async function fetched(world: World, needs: readonly string[]): Promise<Outcome<Blobs>> {
  const blobs = new Map<string, Uint8Array>();
  for (const sha256 of needs) {
    const bytes = await world.blobs.get(sha256);
    if (bytes === undefined) return refuse('no-such-blob', `the module file ${sha256} is not stored any more`);
    blobs.set(sha256, bytes);
  }
  return done(blobs);
}
