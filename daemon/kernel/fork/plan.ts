/** What the changes of a fork do at each commit of the source: known before anything is decided, and from the commits alone. */
import type { Command } from '../../../protocol/commands.ts';
import type { Commit } from '../../../protocol/commit.ts';
import type { AddedLoad, ForkChanges } from '../../../protocol/fork.ts';
import { blobsOf } from '../kernel.ts';
import { changesBoot } from './changes.ts';

/** `index` is that of the change. */
export interface Added {
  readonly index: number;
  readonly load: AddedLoad;
}

export interface Plan {
  readonly before: readonly Added[];
  /** `copy`: as it is, nothing was touched so far. */
  readonly does: 'copy' | 'decide' | 'leave-out';
  readonly after: readonly Added[];
  /** The sha256 of the module files that this takes. */
  readonly needs: readonly string[];
}

export interface Planner {
  /** Commits are those of the source, in order, from 1 on. */
  at(commit: Commit): Plan;
  /** What comes after the last commit. */
  rest(): readonly Added[];
  /** A change that met nothing in the source, in words; asked after the last commit. */
  unmet(): string | undefined;
}

export function openPlanner(changes: ForkChanges): Planner {
  const without = new Set(changes.without);
  const missed = new Set(without);
  let waiting: readonly Added[] = (changes.with ?? []).map((load, index) => ({ index, load }));
  let touched = changesBoot(changes);

  function take(met: (load: AddedLoad) => boolean): readonly Added[] {
    const mine = waiting.filter(({ load }) => met(load));
    if (mine.length === 0) return mine;
    touched = true;
    waiting = waiting.filter(({ load }) => !met(load));
    return mine;
  }

  return {
    at(commit) {
      const module = moduleOf(commit);
      const loads = commit.command.type === 'load' ? module : undefined;
      const before = take((load) => load.before !== undefined && load.before === loads);
      const leaves = module !== undefined && without.has(module);
      if (leaves) {
        touched = true;
        missed.delete(module);
      }
      const does = leaves ? 'leave-out' : touched ? 'decide' : 'copy';
      const after = take((load) => load.before === undefined && load.after === commit.number);
      const own = does === 'decide' ? blobsOf(commit.command) : [];
      return { before, does, after, needs: [...filesOf(before), ...own, ...filesOf(after)] };
    },
    rest: () => take((load) => load.before === undefined && load.after === undefined),
    unmet() {
      const [module] = missed;
      if (module !== undefined) return `without ${module}: nothing up to there loads it`;
      const lost = waiting.find(({ load }) => load.before !== undefined || load.after !== undefined)?.load;
      if (lost?.before !== undefined) return `with a module before ${lost.before}: nothing up to there loads that`;
      return lost && `with a module after commit ${lost.after}: that is beyond the last commit which is taken`;
    },
  };
}

export const filesOf = (added: readonly Added[]): readonly string[] => added.map(({ load }) => load.blob);

/** The module that a load or an unload is about; undefined where a load does not say. */
export function moduleOf({ command, events }: Pick<Commit, 'command' | 'events'>): string | undefined {
  if (command.type === 'unload') return command.module;
  if (command.type !== 'load') return undefined;
  for (const event of events) {
    if (event.type === 'MemoryAllocated' || event.type === 'ModuleLaidOut') return event.module;
    if (event.type === 'ModuleLoadFailed') return event.module === '' ? undefined : event.module;
  }
  return undefined;
}

/** Why no rule can decide a command again; undefined where one can. */
export function notDecided({ number, command }: { number: number; command: Command }): string | undefined {
  if (command.type !== 'observe') return undefined;
  return (
    `commit ${number} is a reading of a running kernel (observe ${command.what}): no rule decided it, so none can ` +
    'decide it again; such a log forks as it is, without changes'
  );
}
