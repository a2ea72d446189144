/** Logs made by the real decider, and forks of them, without a daemon. */
import { createHash } from 'node:crypto';
import { openPlanner } from '../../../daemon/kernel/fork/plan.ts';
import { openReplay } from '../../../daemon/kernel/fork/replay.ts';
import { decide, evolve, initialState, type State } from '../../../daemon/kernel/kernel.ts';
import type { Command, CommandOf } from '../../../protocol/commands.ts';
import type { Commit } from '../../../protocol/commit.ts';
import { COMMIT_VERSION } from '../../../protocol/commit-version.ts';
import type { Event } from '../../../protocol/events/index.ts';
import type { ForkChanges, ForkCounts } from '../../../protocol/fork.ts';
import { emptyView, fold } from '../../../protocol/view/fold.ts';
import { viewDigest } from '../../../protocol/view/json.ts';
import { fixture } from '../../fixtures/fixtures.ts';

export const EPOCH = 'epoch001';

/** A machine whose commands are kept. */
export class Log {
  state: State = initialState();
  readonly blobs = new Map<string, Uint8Array>();
  readonly commits: Commit[] = [];

  constructor(boot: Omit<CommandOf<'boot'>, 'type'> = {}) {
    if (this.take({ type: 'boot', ...boot }).length === 0) throw new Error('did not boot');
  }

  /** What was refused leaves nothing behind. */
  take(command: Command): readonly Event[] {
    const decision = decide(this.state, command, this.blobs);
    if (!decision.ok) return [];
    this.state = decision.state;
    const number = this.commits.length + 1;
    const events = [...decision.events];
    this.commits.push({ v: COMMIT_VERSION, number, time: 1000 * number, id: `c${number}`, command, events });
    return events;
  }

  put(bytes: Uint8Array): string {
    const blob = createHash('sha256').update(bytes).digest('hex');
    this.blobs.set(blob, bytes);
    return blob;
  }

  load(bytes: Uint8Array, more: Partial<CommandOf<'load'>> = {}): readonly Event[] {
    return this.take({ type: 'load', blob: this.put(bytes), ...more });
  }

  fixture(name: string): readonly Event[] {
    return this.load(fixture(`${name}.ko`), { file: `${name}.ko` });
  }
}

export interface Forked {
  readonly commits: readonly Commit[];
  readonly counts: ForkCounts;
  readonly needed: ReadonlySet<string>;
}

/** Throws the words of a fork that can't be. */
export function forked(
  commits: readonly Commit[],
  changes: ForkChanges,
  blobs: ReadonlyMap<string, Uint8Array>,
  epoch = EPOCH,
): Forked {
  const planner = openPlanner(changes);
  const replay = openReplay({ machine: 'm', epoch, commit: commits.length }, changes);
  const needed = new Set<string>();
  const made: Commit[] = [];
  for (const commit of commits) {
    const plan = planner.at(commit);
    for (const sha256 of plan.needs) needed.add(sha256);
    const replayed = replay.take(commit, plan, blobs);
    if (!replayed.ok) throw new Error(replayed.message);
    made.push(...replayed.commits);
  }
  made.push(...replay.end(planner.rest(), blobs));
  const unmet = planner.unmet();
  if (unmet !== undefined) throw new Error(unmet);
  return { commits: made, counts: { ...replay.counts }, needed };
}

/** Commits without the one event that says where a fork comes from. */
export function withoutOrigin(commits: readonly Commit[]): readonly Commit[] {
  return commits.map((commit) => ({ ...commit, events: commit.events.filter(({ type }) => type !== 'MachineForked') }));
}

export function digestOf(commits: readonly Commit[]): string {
  return viewDigest(commits.reduce(fold, emptyView()));
}

export function stateOf(commits: readonly Commit[]): State {
  return commits.flatMap(({ events }) => events).reduce(evolve, initialState());
}
