/** From a command to its commit, in numbered steps. Runs in the machine's mailbox. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from '../../protocol/commands.ts';
import type { Commit } from '../../protocol/commit.ts';
import { COMMIT_VERSION } from '../../protocol/commit-version.ts';
import type { ErrorCode } from '../../protocol/errors.ts';
import type { Event } from '../../protocol/events/index.ts';
import { encode, readOne } from './entry.ts';
import { catchUp, type Held } from './kernel-state.ts';
import type { MachineRuntime, Request, World } from './machine.ts';
import { done, type Outcome, type Refusal, refuse, refusedGone } from './outcome.ts';
import { meant } from './position.ts';
import { noRoomFor } from './room.ts';

/** A command that was done. `text` is its commit as the log keeps it. */
export interface Answer {
  readonly epoch: string;
  readonly number: number;
  readonly repeated: boolean;
  readonly text: string;
}

/** Attempts at a commit that others beat to its place. */
const ATTEMPTS = 8;
/** Two who collided must not collide again: up to so many milliseconds times the attempt before the next one. */
const WAIT_MS = 5;

export async function handle(world: World, machine: MachineRuntime, request: Request): Promise<Outcome<Answer>> {
  if (request.command.type === 'boot') return create(world, machine, request);
  for (let attempt = 1; ; attempt++) {
    // 1. Load the state.
    const loaded = await catchUp(world, machine.name, machine.held);
    if (!loaded.ok) return loaded;
    const held = loaded.value;
    machine.held = held;
    const stale = staleness(machine.name, request, held);
    if (stale !== undefined) return firstAnswer(world, machine, held.epoch, request.id, stale);

    // 2. Decide.
    const command = meant(request.command, machine.name, held.commit);
    if (!command.ok) return firstAnswer(world, machine, held.epoch, request.id, command);
    const decided = await decide(world, held, command.value);
    if (!decided.ok) return firstAnswer(world, machine, held.epoch, request.id, decided);
    const number = held.commit + 1;
    const commit = asCommit(world, number, request.id, command.value, decided.value.events);
    const entry = encode(commit);

    // 3. Append with the expected version.
    const result = await world.log.append(machine.name, held.epoch, held.commit, entry, held.id);
    if (result.status === 'version-conflict') {
      if (attempt < ATTEMPTS) {
        world.conflicts.retried++;
        await sleep(Math.random() * attempt * WAIT_MS);
        continue;
      }
      world.conflicts.givenUp++;
      return refuse('version-conflict', `${machine.name}: others were first, ${ATTEMPTS} times`);
    }
    if (result.status === 'duplicate') return repeat(world, machine, held.epoch, result.number);
    if (result.status !== 'appended') return refusedGone(machine.name, result);

    // 4. Publish.
    machine.held = { epoch: held.epoch, commit: number, id: request.id, state: decided.value.state };
    machine.views.advance(held.epoch, commit, held.id);
    world.hubs.publish(machine.name, held.epoch, { number, ...entry }, held.id);

    // 5. Answer.
    return done({ epoch: held.epoch, number, repeated: false, text: entry.text });
  }
}

/** A boot makes the machine and its first commit at once; the log knows whether this id did it before. */
async function create(world: World, machine: MachineRuntime, request: Request): Promise<Outcome<Answer>> {
  if (request.expected !== undefined) return refuse('bad-command', 'a boot expects no position: it makes the machine');
  const full = await noRoomFor(world.log, machine.name);
  if (full !== undefined) return full;
  const epoch = world.newEpoch();
  const decided = await decide(world, { epoch, commit: 0, state: world.kernel.initialState() }, request.command);
  if (!decided.ok) return decided;
  const commit = asCommit(world, 1, request.id, request.command, decided.value.events);
  const entry = encode(commit);
  const result = await world.log.create(machine.name, epoch, entry);
  if (result.status === 'machine-exists') return refuse('machine-exists', `there is a machine called ${machine.name}`);
  if (result.status === 'duplicate') return repeat(world, machine, result.epoch, result.number);
  machine.held = { epoch, commit: 1, id: request.id, state: decided.value.state };
  world.hubs.publish(machine.name, epoch, { number: 1, ...entry });
  return done({ epoch, number: 1, repeated: false, text: entry.text });
}

async function decide(
  world: World,
  held: Held,
  command: Command,
): Promise<Outcome<{ readonly events: readonly Event[]; readonly state: Held['state'] }>> {
  const blobs = new Map<string, Uint8Array>();
  for (const sha256 of world.kernel.blobsOf(command)) {
    const bytes = await world.blobs.get(sha256);
    if (bytes === undefined) return refuse('no-such-blob', `no module file with sha256 ${sha256} was uploaded`);
    blobs.set(sha256, bytes);
  }
  const decision = world.kernel.decide(held.state, command, blobs);
  return decision.ok ? done(decision) : refuse(decision.code satisfies ErrorCode, decision.message);
}

function asCommit(world: World, number: number, id: string, command: Command, events: readonly Event[]): Commit {
  return { v: COMMIT_VERSION, number, time: world.now(), id, command, events: [...events] };
}

function staleness(name: string, { expected }: Request, at: Held): Refusal | undefined {
  if (expected === undefined || (expected.epoch === at.epoch && expected.commit === at.commit)) return undefined;
  return refuse(
    'version-conflict',
    `${name} is at ${at.epoch}:${at.commit}, the command expects ${expected.epoch}:${expected.commit}`,
  );
}

/** Before a refusal: the same id may have been done when the machine was another. */
async function firstAnswer(
  world: World,
  machine: MachineRuntime,
  epoch: string,
  id: string,
  refusal: Refusal,
): Promise<Outcome<Answer>> {
  const known = await world.log.find(machine.name, epoch, id);
  return known === undefined ? refusal : repeat(world, machine, epoch, known);
}

async function repeat(world: World, machine: MachineRuntime, epoch: string, number: number): Promise<Outcome<Answer>> {
  const entry = await readOne(world.log, machine.name, epoch, number);
  return entry.ok ? done({ epoch, number, repeated: true, text: entry.value.text }) : entry;
}
