/**
 * `veneer compare FILE --static-call …`: the commands of a session, or the steps of a scenario, forked under several flavours
 * of static calls and several placements, side by side. Nothing is recorded; only figures are kept.
 */

import type { Commit } from '../../protocol/commit.ts';
import { type Figures, openCounting } from '../../protocol/compare/figures.ts';
import type { ForkChanges } from '../../protocol/fork.ts';
import type { Flavour } from '../../protocol/profile.ts';
import { openPlanner } from '../kernel/fork/plan.ts';
import { openReplay } from '../kernel/fork/replay.ts';
import { moduleReader } from './modules.ts';
import { openRecorded } from './recorded.ts';
import { RunError } from './run-error.ts';

export interface CompareOptions {
  /** A session file, plain or gzip, or a scenario. */
  readonly file: string;
  /** The folder of the module files. */
  readonly modules: string;
  readonly flavours: readonly Flavour[];
  /** Placements, each by KASLR from that seed; without any, the recorded one. */
  readonly seeds?: readonly number[];
  /** Called after each command of each run. */
  readonly onStep?: (done: number, total: number, what: string) => void;
}

/** What one run came to. */
export interface Compared extends Figures {
  readonly flavour: Flavour;
  /** Null: where the session itself was. */
  readonly seed: number | null;
}

export interface Comparison {
  readonly commands: number;
  readonly runs: readonly Compared[];
}

/** Runs everything; rejects with RunError where the file, a module or a flavour makes that impossible. */
export async function compare(options: CompareOptions): Promise<Comparison> {
  const { file, flavours, seeds = [] } = options;
  const modules = moduleReader(options.modules);
  const recorded = await openRecorded(file, modules);
  let commits = 0;
  for await (const { command } of recorded.commits()) {
    commits++;
    if (command.type === 'load') await modules.find(command.blob, command.file);
  }
  if (commits === 0) throw new RunError(`${file}: expected a commit that boots the machine`);
  const placements = seeds.length === 0 ? [null] : seeds;
  const runs: Compared[] = [];
  for (const flavour of flavours) {
    for (const seed of placements) {
      const before = runs.length * commits;
      const total = flavours.length * placements.length * commits;
      const changes = { profile: { staticCall: flavour }, ...(seed !== null && { kaslrSeed: seed }) };
      const step = ({ number, command }: Commit) => options.onStep?.(before + number, total, labelOf(command));
      const source = recorded.commits();
      runs.push({
        flavour,
        seed,
        ...(await figuresOf(source, changes, modules.blobs, `${file}: static calls ${flavour}`, step)),
      });
    }
  }
  return { commands: commits - 1, runs };
}

async function figuresOf(
  source: AsyncIterable<Commit>,
  changes: ForkChanges,
  blobs: ReadonlyMap<string, Uint8Array>,
  run: string,
  step: (commit: Commit) => void,
): Promise<Figures> {
  const planner = openPlanner(changes);
  const replay = openReplay(NOWHERE, changes);
  const counting = openCounting();
  for await (const commit of source) {
    const replayed = replay.take(commit, planner.at(commit), blobs);
    if (!replayed.ok) throw new RunError(`${run}: ${replayed.message}`);
    for (const event of replayed.commits.flatMap(({ events }) => events)) {
      if (event.type === 'MachineBooted' && !event.profile.staticCalls) {
        throw new RunError(`${run}: its machine names no static calls (staticCalls.keys of the profile)`);
      }
      counting.take(event);
    }
    step(commit);
  }
  return counting.figures();
}

/** No log keeps these forks. */
const NOWHERE = { machine: 'recorded', epoch: '00000000', commit: 1 } as const;

function labelOf(command: Commit['command']): string {
  switch (command.type) {
    case 'load':
      return command.file ?? command.blob.slice(0, 16);
    case 'unload':
      return command.module;
    case 'update':
      return command.key;
    default:
      return command.type;
  }
}
