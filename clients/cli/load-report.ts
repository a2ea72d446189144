/** What a load came to, told from the events of its commit. */
import type { Hex } from '../../protocol/address.ts';
import type { Commit } from '../../protocol/commit.ts';
import type { Part, Window } from '../../protocol/events/memory.ts';
import type { Place } from '../../protocol/position.ts';

export interface LoadReport {
  readonly file: string;
  readonly module: string;
  /** The position after it. */
  readonly machine: string;
  readonly epoch: string;
  readonly commit: number;
  readonly ok: boolean;
  /** Of a load that failed: the errno that the system call returns, the kernel's words, the step. */
  readonly errno?: string;
  readonly words?: string;
  readonly step?: string;
  readonly allocations: readonly {
    readonly part: Part;
    readonly address: Hex;
    readonly size: number;
    readonly window: Window;
  }[];
  readonly branches: { readonly direct: number; readonly veneer: number };
  readonly plt: { readonly reserved: number; readonly used: number };
}

export function loadReport(file: string, { machine, epoch }: Place, commit: Commit): LoadReport {
  const allocations: LoadReport['allocations'][number][] = [];
  let module = '';
  let live = false;
  let failure: Pick<LoadReport, 'errno' | 'words' | 'step'> | undefined;
  let branches = { direct: 0, veneer: 0 };
  let reserved = 0;
  let used = 0;
  for (const event of commit.events) {
    switch (event.type) {
      case 'MemoryAllocated': {
        const { part, address, size, window } = event;
        allocations.push({ part, address, size, window });
        break;
      }
      case 'ModuleLaidOut':
        module = event.module;
        reserved = event.pltReserved.core + event.pltReserved.init;
        break;
      case 'RelocationsApplied':
        branches = event.branches;
        used = event.pltUsed.core + event.pltUsed.init;
        break;
      case 'ModuleLive':
        live = true;
        break;
      case 'ModuleLoadFailed':
        module = event.module;
        failure = { errno: event.errno, words: event.words, step: event.step };
        break;
      default:
    }
  }
  const ok = live && failure === undefined;
  return {
    file,
    module,
    machine,
    epoch,
    commit: commit.number,
    ok,
    ...failure,
    allocations,
    branches,
    plt: { reserved, used },
  };
}

/** `direct`, `fallback`, or both where a module is split over the windows. */
export function windowsOf(places: readonly { readonly window: Window }[]): string {
  return [...new Set(places.map(({ window }) => window))].sort().join('+') || 'none';
}
