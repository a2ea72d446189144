/**
 * Recorded commits: facts from elsewhere that enter a log as they are. No rule decides them again, but they have to fit:
 * each follows the one before it, and both the kernel's state and the view can take it. Runs in the machine's mailbox.
 */
import type { Commit, Position } from '../../protocol/commit.ts';
import { badBeginning } from '../headless/session/check.ts';
import type { NewEntry } from '../log/log.ts';
import { encode, readOne } from './entry.ts';
import { catchUp, type Held, type Kernel } from './kernel-state.ts';
import type { MachineRuntime, World } from './machine.ts';
import { conflict, done, type Outcome, type Refusal, refuse, refusedGone } from './outcome.ts';
import { noRoomFor } from './room.ts';

/** Appends in flight at the same time: stores that talk over a network or wait for a disk do many in one go. */
const WINDOW = 64;

/** Appends `commits` after `expected`; null makes the machine with them. Repeating it does no harm. */
export async function appendRecorded(
  world: World,
  machine: MachineRuntime,
  expected: Position | null,
  commits: readonly Commit[],
): Promise<Outcome<Position>> {
  const first = commits[0];
  if (first === undefined) return refuse('bad-session', 'no commit is here');
  const base =
    expected === null ? await made(world, machine, first, commits) : await stand(world, machine, expected, commits);
  if (!base.ok) return base;
  const { epoch } = base.value;
  const fresh = commits.slice(base.value.commit - (expected?.commit ?? 0));
  if (fresh.length === 0) return done({ epoch, commit: base.value.commit });

  const evolved = evolveAll(world.kernel, base.value, fresh);
  if (!evolved.ok) return evolved;
  return settleFold(() =>
    machine.views.attempt(epoch, fresh, async () => {
      const refused = await appendAll(world, machine, base.value, fresh.map(encode));
      if (refused !== undefined) return refused;
      machine.held = evolved.value;
      return done({ epoch, commit: evolved.value.commit });
    }),
  );
}

/** The machine with its first commit, which boots it. */
async function made(
  world: World,
  machine: MachineRuntime,
  first: Commit,
  commits: readonly Commit[],
): Promise<Outcome<Held>> {
  const epoch = world.newEpoch();
  const evolved = evolveAll(world.kernel, { epoch, commit: 0, state: world.kernel.initialState() }, [first]);
  if (!evolved.ok) return evolved;
  const bad = badBeginning(first);
  if (bad !== undefined) return refuse('bad-session', `commit 1: ${bad}`);
  const full = await noRoomFor(world.log, machine.name);
  if (full !== undefined) return full;
  const result = await world.log.create(machine.name, epoch, encode(first));
  if (result.status === 'machine-exists') return refuse('machine-exists', `there is a machine called ${machine.name}`);
  if (result.status === 'duplicate') return again(world, machine, commits);
  world.hubs.publish(machine.name, epoch, { number: 1, ...encode(first) });
  machine.held = evolved.value;
  return evolved;
}

async function again(world: World, machine: MachineRuntime, commits: readonly Commit[]): Promise<Outcome<Held>> {
  const loaded = await catchUp(world, machine.name, machine.held);
  if (!loaded.ok || (await isAmong(world, machine, loaded.value, 0, commits))) return loaded;
  return refuse('machine-exists', `there is a machine called ${machine.name}, and it has other commits`);
}

async function stand(
  world: World,
  machine: MachineRuntime,
  expected: Position,
  commits: readonly Commit[],
): Promise<Outcome<Held>> {
  const loaded = await catchUp(world, machine.name, machine.held);
  if (!loaded.ok) return loaded;
  const { epoch, commit } = loaded.value;
  machine.held = loaded.value;
  if (epoch !== expected.epoch) return refusedGone(machine.name, { status: 'epoch-changed', epoch });
  if (commit === expected.commit) return loaded;
  if (await isAmong(world, machine, loaded.value, expected.commit, commits)) return loaded;
  return conflict(machine.name, commit, expected.commit);
}

/** Whether the newest commit is one of `commits`, in its place after `after`: they were sent before, and a reply was lost. */
async function isAmong(
  world: World,
  { name }: MachineRuntime,
  { epoch, commit }: Held,
  after: number,
  commits: readonly Commit[],
): Promise<boolean> {
  const same = commits[commit - after - 1];
  if (same === undefined) return false;
  const newest = await readOne(world.log, name, epoch, commit);
  return newest.ok && newest.value.id === same.id;
}

function evolveAll(kernel: Kernel, base: Held, commits: readonly Commit[]): Outcome<Held> {
  let { commit, id, state } = base;
  for (const next of commits) {
    if (next.number !== commit + 1) {
      return refuse('bad-session', `commit ${next.number}: expected commit ${commit + 1}`);
    }
    try {
      for (const event of next.events) state = kernel.evolve(state, event);
    } catch (error) {
      return refuse('bad-session', `commit ${next.number}: ${error instanceof Error ? error.message : String(error)}`);
    }
    commit = next.number;
    id = next.id;
  }
  return done({ epoch: base.epoch, commit, id, state });
}

/** A view that can't take a commit says so by a RangeError. */
async function settleFold<T>(work: () => Promise<Outcome<T>>): Promise<Outcome<T>> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof RangeError) return refuse('bad-session', error.message);
    throw error;
  }
}

async function appendAll(
  world: World,
  { name }: MachineRuntime,
  base: Held,
  entries: readonly NewEntry[],
): Promise<Refusal | undefined> {
  const before = (at: number): string | undefined => (at === 0 ? base.id : entries[at - 1]?.id);
  for (let from = 0; from < entries.length; from += WINDOW) {
    const window = entries.slice(from, from + WINDOW);
    const results = await Promise.all(
      window.map((entry, i) => world.log.append(name, base.epoch, base.commit + from + i, entry, before(from + i))),
    );
    for (const [i, result] of results.entries()) {
      const number = base.commit + from + i + 1;
      const entry = window[i];
      if (entry === undefined) break;
      if (result.status === 'version-conflict') return conflict(name, result.head, number - 1);
      if (result.status === 'duplicate' && result.number !== number) {
        return refuse('bad-session', `commit ${number}: its id ${entry.id} is that of commit ${result.number}`);
      }
      if (result.status !== 'appended' && result.status !== 'duplicate') return refusedGone(name, result);
      world.hubs.publish(name, base.epoch, { number, ...entry }, before(from + i));
    }
  }
  return undefined;
}
