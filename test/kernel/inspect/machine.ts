/** A machine with static calls and modules of the fixtures, near or far of the kernel, with its log. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { generalDisassembler } from '../../../daemon/disassembler.ts';
import type { General } from '../../../daemon/kernel/inspect/disassemble.ts';
import { emptyHistory, foldHistory, type History } from '../../../daemon/kernel/inspect/history.ts';
import type { Files } from '../../../daemon/kernel/inspect/memory.ts';
import { type Answered, type Subject, subjectOf } from '../../../daemon/kernel/inspect/subject.ts';
import { why } from '../../../daemon/kernel/inspect/why.ts';
import { decide, initialState, type State } from '../../../daemon/kernel/kernel.ts';
import { fromHex } from '../../../protocol/address.ts';
import type { Command } from '../../../protocol/commands.ts';
import type { Commit } from '../../../protocol/commit.ts';
import { COMMIT_VERSION } from '../../../protocol/commit-version.ts';
import type { MachineProfile } from '../../../protocol/profile.ts';
import { fixture } from '../../fixtures/fixtures.ts';

export const general: General = await generalDisassembler();

/** The profiles of the examples: modules land 250 MB from the kernel, or beside it. */
export function example(name: 'near' | 'far'): Partial<MachineProfile> {
  return JSON.parse(readFileSync(new URL(`../../../docs/examples/${name}.json`, import.meta.url), 'utf8'));
}

export interface World {
  state: State;
  readonly commits: Commit[];
  readonly blobs: Map<string, Uint8Array>;
}

export function boot(profile: Partial<MachineProfile>): World {
  const world: World = { state: initialState(), commits: [], blobs: new Map() };
  run(world, { type: 'boot', profile });
  return world;
}

export function run(world: World, command: Command): Commit {
  const decision = decide(world.state, command, world.blobs);
  if (!decision.ok) throw new Error(decision.message);
  world.state = decision.state;
  const number = world.commits.length + 1;
  const commit = { v: COMMIT_VERSION, number, time: number, id: `c${number}`, command, events: [...decision.events] };
  world.commits.push(commit);
  return commit;
}

export function load(world: World, file: string): Commit {
  const bytes = fixture(file);
  const blob = createHash('sha256').update(bytes).digest('hex');
  world.blobs.set(blob, bytes);
  return run(world, { type: 'load', blob, file });
}

export function subject({ state, blobs }: World, files: Files = blobs): Subject {
  return subjectOf(state, files, general);
}

export function history({ commits }: World, address: number): History {
  const folded = emptyHistory(address);
  for (const commit of commits) foldHistory(folded, commit);
  return folded;
}

export function must<T>(answered: Answered<T>): T {
  if (!answered.ok) throw new Error(`${answered.code}: ${answered.message}`);
  return answered.value;
}

export const ask = (world: World, address: number, files?: Files) =>
  must(why(subject(world, files), history(world, address)));

/** Where a section of a loaded module is. */
export function section(
  { state }: World,
  module: string,
  name: string,
): { readonly start: number; readonly size: number } {
  const found = state.modules.get(module)?.laidOut.sections.find((one) => one.name === name);
  if (!found) throw new Error(`${module} has no section ${name}`);
  return { start: fromHex(found.address), size: found.size };
}
