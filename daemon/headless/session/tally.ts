/** Counts of a session's commits, which need no view: they can be had of a segment too. */
import type { CommandType } from '../../../protocol/commands.ts';
import type { Commit } from '../../../protocol/commit.ts';

export interface Tally {
  readonly commits: number;
  /** Number of the first and of the last commit; null without any. */
  readonly range: readonly [first: number, last: number] | null;
  /** Milliseconds since 1970 of the earliest and of the latest. */
  readonly time: readonly [first: number, last: number] | null;
  readonly commands: Readonly<Partial<Record<CommandType, number>>>;
  readonly loads: number;
  readonly unloads: number;
  /** Loads and unloads that the kernel refused. */
  readonly failures: number;
}

export function openTally(): { add(commit: Commit): void; readonly commits: number; result(): Tally } {
  const commands: Partial<Record<CommandType, number>> = {};
  let [first, last, earliest, latest] = [0, 0, 0, 0];
  let [commits, loads, unloads, failures] = [0, 0, 0, 0];

  function addEvents({ command, events }: Commit): void {
    let failed = false;
    for (const event of events) {
      switch (event.type) {
        case 'ModuleLive':
          loads++;
          break;
        case 'HostModuleLoaded':
          if (event.how === 'traced' && event.init !== 'failed') loads++;
          break;
        case 'HostModuleFreed':
          if (event.why === 'unloaded') unloads++;
          if (event.why === 'init-failed') failures++;
          break;
        case 'ModuleLoadFailed':
        case 'ModuleUnloadFailed':
          failed = true;
          failures++;
      }
    }
    if (command.type === 'unload' && !failed) unloads++;
  }

  return {
    add(commit) {
      const { number, time, command } = commit;
      if (commits++ === 0) [first, earliest, latest] = [number, time, time];
      last = number;
      earliest = Math.min(earliest, time);
      latest = Math.max(latest, time);
      commands[command.type] = (commands[command.type] ?? 0) + 1;
      addEvents(commit);
    },
    get commits() {
      return commits;
    },
    result: () => ({
      commits,
      range: commits === 0 ? null : [first, last],
      time: commits === 0 ? null : [earliest, latest],
      commands,
      loads,
      unloads,
      failures,
    }),
  };
}
