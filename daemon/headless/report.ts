/** A report: what each step of a scenario came to, `veneerd/report@1`. Made of the step's events; lists as they are after it. */
import { type Hex, toHex } from '../../protocol/address.ts';
import type { Event, EventOf, EventType } from '../../protocol/events/index.ts';
import { SITE_INIT, SITE_TAIL } from '../../protocol/events/static-call.ts';
import { readText, type StaticCalls, VMLINUX } from '../kernel/static-call/state.ts';
import type { Step } from './scenario.ts';

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
  /** Bytes are null where the site's text is gone. */
  readonly sites?: readonly (readonly [address: Hex, key: string, flags: number, bytes: string | null])[];
}

export interface ReportStep {
  readonly error: string | null;
  readonly allocations?: Record<string, Allocation>;
  readonly module?: ReportModule;
  readonly patches?: readonly (readonly [address: Hex, written: string])[];
  readonly keys?: Readonly<Record<string, ReportKey>>;
  readonly keysGone?: readonly string[];
  readonly trampolines?: Readonly<Record<string, string>>;
}

/** `siteMods`: owners of the list's nodes, newest first. */
export interface ReportKey {
  readonly func: Hex;
  readonly siteMods: readonly string[];
}

export interface Report {
  readonly format: 'veneerd/report@1';
  readonly steps: readonly ReportStep[];
}

/** The report of one step; `calls` are the static calls after it, undefined for a machine without. */
export function reportStep(op: Step['op'], events: readonly Event[], calls?: StaticCalls): ReportStep {
  return { ...reportLoader(op, events, calls), ...(calls && reportCalls(events, calls)) };
}

function reportLoader(op: Step['op'], events: readonly Event[], calls: StaticCalls | undefined): ReportStep {
  const failed = events.find((e) => e.type === 'ModuleLoadFailed' || e.type === 'ModuleUnloadFailed');
  const error = failed ? failed.errno : null;
  if (op !== 'load') return { error };
  const module = reportModule(events, calls);
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
function reportModule(events: readonly Event[], calls: StaticCalls | undefined): ReportModule | undefined {
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
    ...(calls && { sites: reportSites(calls, laidOut.module) }),
  };
}

/** The final site table of a module. */
function reportSites(calls: StaticCalls, module: string): NonNullable<ReportModule['sites']> {
  const { arch, tables } = calls;
  return [...(tables.get(module) ?? [])].flatMap(([key, sites]) =>
    sites.map(({ address, tail, init }) => {
      const flags = (tail ? SITE_TAIL : 0) | (init ? SITE_INIT : 0);
      return [toHex(address), key, flags, readText(calls, address, arch.siteSize) ?? null] as const;
    }),
  );
}

function reportCalls(events: readonly Event[], calls: StaticCalls): Partial<ReportStep> {
  const patches = only(events, 'StaticCallPatched');
  const gone = only(events, 'StaticCallKeysGone').flatMap(({ keys }) => keys);
  const touched = new Set(events.flatMap(keysOf));
  const patchedTramps = patches.filter(({ what }) => what === 'trampoline').map(({ key }) => key);
  const tramps = new Set([...patchedTramps, ...only(events, 'StaticCallKeysAdded').flatMap(namesOf)]);
  return {
    patches: patches.map(({ address, bytes }) => [address, bytes[1]] as const),
    keys: Object.fromEntries([...touched].flatMap((name) => entry(name, reportKey(calls, name)))),
    keysGone: gone,
    trampolines: Object.fromEntries([...tramps].flatMap((name) => entry(name, trampoline(calls, name)))),
  };
}

const namesOf = ({ keys }: EventOf<'StaticCallKeysAdded'>): readonly string[] => keys.map(({ name }) => name);

function entry<T>(name: string, value: T | undefined): (readonly [string, T])[] {
  return value === undefined ? [] : [[name, value]];
}

/** The keys that an event changes. */
function keysOf(event: Event): readonly string[] {
  switch (event.type) {
    case 'StaticCallFuncSet':
    case 'SiteModAllocated':
      return [event.key];
    case 'SiteModsFreed':
      return event.keys;
    case 'StaticCallKeysAdded':
      return namesOf(event);
    default:
      return [];
  }
}

function reportKey({ keys }: StaticCalls, name: string): ReportKey | undefined {
  const key = keys.get(name);
  if (!key) return undefined;
  const siteMods = key.own ? [VMLINUX] : key.mods.map(({ owner }) => owner);
  return { func: toHex(key.func), siteMods };
}

/** The first 8 bytes. */
function trampoline(calls: StaticCalls, name: string): string | undefined {
  const key = calls.keys.get(name);
  return key && readText(calls, key.tramp, 8);
}
