/** A report: what each step of a scenario came to, `veneerd/report@1`. Made of the step's events alone. */
import type { Hex } from '../../protocol/address.ts';
import type { Event, EventOf, EventType } from '../../protocol/events/index.ts';

type Words = readonly string[];

interface Allocation {
  readonly address: Hex;
  readonly size: number;
  readonly window: string;
}

export interface ReportModule {
  readonly name: string;
  readonly layout?: EventOf<'ModuleLaidOut'>['groups'];
  readonly sizes?: Record<string, number>;
  readonly sectionAddresses: Record<string, Hex>;
  readonly plt: Record<'core' | 'init', { readonly reserved: number; readonly used: number }>;
  readonly branches: { readonly direct: number; readonly veneer: number };
  readonly pltEntries: readonly {
    readonly section: string;
    readonly address: Hex;
    readonly words: Words;
    readonly target: Hex;
    readonly symbol: string;
    readonly kind: string;
  }[];
}

export interface ReportStep {
  readonly error: string | null;
  readonly allocations?: Record<string, Allocation>;
  readonly module?: ReportModule;
}

export interface Report {
  readonly format: 'veneerd/report@1';
  readonly steps: readonly ReportStep[];
}

/** The report of one step. */
export function reportStep(op: 'load' | 'unload', events: readonly Event[]): ReportStep {
  const failed = events.find((e) => e.type === 'ModuleLoadFailed' || e.type === 'ModuleUnloadFailed');
  const error = failed ? failed.errno : null;
  if (op === 'unload') return { error };
  const module = reportModule(events);
  return { error, allocations: allocations(events), ...(module ? { module } : {}) };
}

function only<T extends EventType>(events: readonly Event[], type: T): EventOf<T>[] {
  return events.filter((event): event is EventOf<T> => event.type === type);
}

function allocations(events: readonly Event[]): Record<string, Allocation> {
  return Object.fromEntries(
    only(events, 'MemoryAllocated').map(({ part, address, size, window }) => [part, { address, size, window }]),
  );
}

/** Only of a load that reached its init function: that is when the module became COMING. */
function reportModule(events: readonly Event[]): ReportModule | undefined {
  const [laidOut] = only(events, 'ModuleLaidOut');
  const [applied] = only(events, 'RelocationsApplied');
  const [coming] = only(events, 'ModuleComing');
  if (!laidOut || !applied || !coming) return undefined;
  const plt = (part: 'core' | 'init') => ({ reserved: laidOut.pltReserved[part], used: applied.pltUsed[part] });
  return {
    name: laidOut.module,
    ...(laidOut.groups ? { layout: laidOut.groups } : { sizes: laidOut.sizes }),
    sectionAddresses: Object.fromEntries(laidOut.sections.map(({ name, address }) => [name, address])),
    plt: { core: plt('core'), init: plt('init') },
    branches: applied.branches,
    pltEntries: only(events, 'VeneerWritten').map(({ section, address, words, target, symbol, kind }) => {
      return { section, address, words, target, symbol, kind };
    }),
  };
}
