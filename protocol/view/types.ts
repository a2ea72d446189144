/** What a person sees of a machine at one position. Kept by fold.ts, turned into JSON by json.ts. */
import type { Hex } from '../address.ts';
import type { EventOf } from '../events/index.ts';
import type { Part, Window } from '../events/memory.ts';
import type { ForkChanges, ForkOrigin } from '../fork.ts';
import type { MachineProfile } from '../profile.ts';
import type { HostModule, HostView } from './host.ts';
import type { StaticCallsView } from './static-call.ts';

/** A profile without the tables that only the kernel model needs; `symbols` counts what vmlinux exports. */
export type Machine = Omit<MachineProfile, 'symbols' | 'gplOnly' | 'staticCalls'> & { readonly symbols: number };

/** An area of a window. `lazy`: it was freed, but its room is not usable before the next purge. */
export interface Area {
  readonly address: Hex;
  readonly size: number;
  readonly guard: number;
  readonly window: Window;
  readonly module: string;
  readonly part: Part;
  readonly lazy: boolean;
}

export type Veneer = Omit<EventOf<'VeneerWritten'>, 'type' | 'module'>;

export type ModuleState = 'UNFORMED' | 'COMING' | 'LIVE' | 'GOING';

export interface Module {
  readonly name: string;
  state: ModuleState;
  /** Null where nobody knows its file: a module that a running kernel showed. */
  readonly blob: string | null;
  readonly file: string | null;
  /** The commit that loaded it. */
  readonly since: number;
  parts: Partial<Record<Part, { readonly address: Hex; readonly size: number; readonly window: Window }>>;
  sections: EventOf<'ModuleLaidOut'>['sections'];
  readonly sizes: EventOf<'ModuleLaidOut'>['sizes'];
  readonly groups: EventOf<'ModuleLaidOut'>['groups'] | null;
  readonly percpu: EventOf<'ModuleLaidOut'>['percpu'] | null;
  readonly plt: { readonly reserved: { core: number; init: number }; used: { core: number; init: number } };
  relocations: number;
  branches: { direct: number; veneer: number };
  veneers: Veneer[];
  imports: EventOf<'SymbolsResolved'>['imports'];
  exports: EventOf<'ModuleComing'>['exports'];
  uses: string[];
  readonly usedBy: Set<string>;
  /** Only of a module that a running kernel showed; what it does not show stays empty above. */
  host?: HostModule;
}

/** A refusal by the kernel, in its own words. */
export interface Failure {
  readonly commit: number;
  readonly op: 'load' | 'unload';
  readonly module: string;
  readonly errno: string;
  readonly words: string;
}

/** What happened since boot. */
export interface Ever {
  loads: number;
  unloads: number;
  failedLoads: number;
  failedUnloads: number;
  purges: number;
}

/** Sums over the modules that are there at this position. */
export interface Now {
  relocations: number;
  direct: number;
  veneer: number;
  veneers: number;
}

/** The position after commit `at`, as a person named it. */
export interface Bookmark {
  readonly name: string;
  readonly at: number;
  /** The commit that gave it the name. */
  readonly since: number;
}

/** Where a machine was forked from, with what changed, and how many of the source's commands made no sense here. */
export interface ForkView {
  readonly from: ForkOrigin;
  readonly changes: ForkChanges;
  refused: number;
}

export interface View {
  /** Commits folded so far. */
  commit: number;
  /** Time of the last of them, in milliseconds since 1970. */
  time: number;
  machine: Machine | null;
  /** By name, oldest first. */
  readonly modules: Map<string, Module>;
  /** By address of the area. */
  readonly areas: Map<Hex, Area>;
  /** The newest refusals, oldest first; at most FAILURES_KEPT. */
  readonly failures: Failure[];
  readonly ever: Ever;
  readonly now: Now;
  readonly staticCalls: StaticCallsView;
  /** By name. */
  readonly bookmarks: Map<string, Bookmark>;
  /** Only of a host's session. */
  host?: HostView;
  /** Only of a fork. */
  fork?: ForkView;
}
