/**
 * The state of one simulated kernel, and how events change it. A state is a value: `evolve` gives a new one that shares
 * what did not change, so that a decision that was refused costs nothing to forget.
 */
import { fromHex } from '../../protocol/address.ts';
import type { Event, EventOf } from '../../protocol/events/index.ts';
import type { Part, Window } from '../../protocol/events/memory.ts';
import { imageData, imageOf } from './machine/windows.ts';
import { type Profile, readProfile } from './profile.ts';
import { emptyRegion, markAllocated, markFreed, markPurged, type Region } from './region/region.ts';
import { evolveStaticCalls } from './static-call/evolve.ts';
import { staticCallArch } from './static-call/select.ts';
import { noStaticCalls, type StaticCalls } from './static-call/state.ts';
import { VersionedMap } from './versioned-map.ts';

/** A symbol that modules can link against. */
export interface Export {
  readonly address: number;
  /** The exporting module. */
  readonly owner: string;
  readonly gplOnly: boolean;
  /** Empty when it is in no namespace. */
  readonly namespace: string;
}

export interface ModuleArea {
  readonly part: Part;
  readonly address: number;
  readonly size: number;
  readonly guard: number;
  readonly window: Window;
}

export interface LoadedModule {
  readonly name: string;
  readonly state: 'UNFORMED' | 'COMING' | 'LIVE' | 'GOING';
  readonly blob: string;
  /** In order of allocation. */
  readonly areas: readonly ModuleArea[];
  readonly laidOut: EventOf<'ModuleLaidOut'>;
  readonly imports: EventOf<'SymbolsResolved'>['imports'];
  readonly exports: readonly string[];
  /** Modules whose symbols it uses. */
  readonly uses: readonly string[];
  /** How many modules use its symbols. */
  readonly users: number;
  readonly hasInit: boolean;
  readonly hasExit: boolean;
  readonly proprietary: boolean;
}

export interface State {
  /** Undefined until the machine is booted. */
  readonly profile: Profile | undefined;
  readonly region: Region;
  readonly modules: VersionedMap<string, LoadedModule>;
  /** What loaded modules export; what vmlinux exports is in the profile. */
  readonly exports: VersionedMap<string, Export>;
  /** The kernel's version magic: the profile's, or that of the first module that it let in. */
  readonly vermagic: string | undefined;
  /** Per-CPU areas of modules: [start, end), in order of address. */
  readonly percpu: readonly (readonly [number, number, string])[];
  /** Undefined for a machine without static calls. */
  readonly staticCalls: StaticCalls | undefined;
  /** Commits by the names that people gave them. The kernel has no use for them: the log keeps them with the rest. */
  readonly bookmarks: VersionedMap<string, number>;
}

export function initialState(): State {
  return {
    profile: undefined,
    region: emptyRegion([]),
    modules: new VersionedMap(),
    exports: new VersionedMap(),
    vermagic: undefined,
    percpu: [],
    staticCalls: undefined,
    bookmarks: new VersionedMap(),
  };
}

/**
 * `state` with something changed. All states are made by this one literal, so that they have one shape: a spread makes a
 * shape of its own wherever it stands, and what reads many shapes is slow.
 */
function changed(state: State, change: Partial<State>): State {
  return {
    profile: change.profile ?? state.profile,
    region: change.region ?? state.region,
    modules: change.modules ?? state.modules,
    exports: change.exports ?? state.exports,
    vermagic: change.vermagic ?? state.vermagic,
    percpu: change.percpu ?? state.percpu,
    staticCalls: change.staticCalls ?? state.staticCalls,
    bookmarks: change.bookmarks ?? state.bookmarks,
  };
}

/** As `changed`, for a module. */
function changedModule(module: LoadedModule, change: Partial<LoadedModule>): LoadedModule {
  return {
    name: module.name,
    state: change.state ?? module.state,
    blob: module.blob,
    areas: change.areas ?? module.areas,
    laidOut: module.laidOut,
    imports: change.imports ?? module.imports,
    exports: change.exports ?? module.exports,
    uses: change.uses ?? module.uses,
    users: change.users ?? module.users,
    hasInit: change.hasInit ?? module.hasInit,
    hasExit: change.hasExit ?? module.hasExit,
    proprietary: change.proprietary ?? module.proprietary,
  };
}

export function evolve(state: State, event: Event): State {
  const after = evolveModules(state, event);
  if (!after.staticCalls) return after;
  // A load that failed because the name is taken says nothing about the module that has it.
  if (event.type === 'ModuleLoadFailed' && after.modules.has(event.module)) return after;
  const staticCalls = evolveStaticCalls(after.staticCalls, event);
  return staticCalls === after.staticCalls ? after : changed(after, { staticCalls });
}

function evolveModules(state: State, event: Event): State {
  switch (event.type) {
    case 'MachineBooted': {
      const profile = readProfile(event.profile);
      const image = imageData(imageOf(event.profile), profile.pageSize);
      const arch = staticCallArch(profile);
      return {
        profile,
        region: emptyRegion(profile.reserved, image),
        modules: state.modules,
        exports: state.exports,
        vermagic: profile.vermagic,
        percpu: state.percpu,
        staticCalls: arch && noStaticCalls(arch),
        bookmarks: state.bookmarks,
      };
    }
    case 'MemoryAllocated':
      return changed(state, { region: markAllocated(state.region, fromHex(event.address), event.size, event.guard) });
    case 'MemoryFreed': {
      const address = fromHex(event.address);
      const region = markFreed(state.region, address, event.size, event.guard, event.lazy);
      const owner = state.modules.get(event.module);
      if (!owner?.areas.some((area) => area.address === address)) return changed(state, { region });
      const areas = owner.areas.filter((area) => area.address !== address);
      return changed(state, { region, modules: state.modules.set(owner.name, changedModule(owner, { areas })) });
    }
    case 'LazyAreasPurged':
      return changed(state, { region: markPurged(state.region) });
    case 'ModuleLaidOut':
      return laidOut(state, event);
    case 'SymbolsResolved':
      return changeModule(state, event.module, { imports: event.imports });
    case 'ModuleComing':
      return coming(state, event);
    case 'ModuleLive':
      return changeModule(state, event.module, { state: 'LIVE' });
    case 'ModuleGoing':
      return changeModule(state, event.module, { state: 'GOING' });
    case 'ModuleGone':
      return gone(state, event.module);
    case 'BookmarkSet':
      return changed(state, { bookmarks: state.bookmarks.set(event.name, event.at) });
    case 'BookmarkRemoved':
      return changed(state, { bookmarks: state.bookmarks.delete(event.name) });
    case 'ModuleLoadFailed':
      return state.modules.get(event.module)?.state === 'UNFORMED' ? gone(state, event.module) : state;
    default:
      return state;
  }
}

function changeModule(state: State, name: string, change: Partial<LoadedModule>): State {
  const module = state.modules.get(name);
  if (!module) throw new RangeError(`an event names module ${name}, which is not there`);
  return changed(state, { modules: state.modules.set(name, changedModule(module, change)) });
}

function laidOut(state: State, event: EventOf<'ModuleLaidOut'>): State {
  const guard = state.profile?.pageSize ?? 0;
  const module: LoadedModule = {
    name: event.module,
    state: 'UNFORMED',
    blob: event.blob,
    areas: event.parts.map(({ part, address, size, window }) => ({
      part,
      address: fromHex(address),
      size,
      guard,
      window,
    })),
    laidOut: event,
    imports: [],
    exports: [],
    uses: [],
    users: 0,
    hasInit: false,
    hasExit: false,
    proprietary: false,
  };
  const percpu = event.percpu ? withPercpu(state.percpu, event.percpu, event.module) : state.percpu;
  return changed(state, { percpu, modules: state.modules.set(event.module, module) });
}

function withPercpu(
  areas: State['percpu'],
  { address, size }: NonNullable<EventOf<'ModuleLaidOut'>['percpu']>,
  owner: string,
): State['percpu'] {
  const start = fromHex(address);
  return [...areas, [start, start + size, owner] as const].sort(([a], [b]) => a - b);
}

function coming(state: State, event: EventOf<'ModuleComing'>): State {
  let { exports } = state;
  for (const { name, address, gplOnly = false, namespace = '' } of event.exports) {
    exports = exports.set(name, { address: fromHex(address), owner: event.module, gplOnly, namespace });
  }
  let modules = count(state.modules, event.uses, 1);
  const module = modules.get(event.module);
  if (!module) throw new RangeError(`an event names module ${event.module}, which is not there`);
  const come = changedModule(module, {
    state: 'COMING',
    exports: event.exports.map(({ name }) => name),
    uses: event.uses,
    hasInit: event.hasInit,
    hasExit: event.hasExit,
    proprietary: event.proprietary ?? false,
  });
  modules = modules.set(event.module, come);
  return changed(state, { modules, exports, vermagic: state.vermagic ?? event.vermagic });
}

function gone(state: State, name: string): State {
  const module = state.modules.get(name);
  if (!module) return state;
  let { exports } = state;
  for (const symbol of module.exports) exports = exports.delete(symbol);
  return changed(state, {
    modules: count(state.modules, module.uses, -1).delete(name),
    exports,
    percpu: module.laidOut.percpu ? state.percpu.filter(([, , owner]) => owner !== name) : state.percpu,
  });
}

function count(modules: State['modules'], uses: readonly string[], by: number): State['modules'] {
  let counted = modules;
  for (const used of uses) {
    const module = counted.get(used);
    if (module) counted = counted.set(used, changedModule(module, { users: module.users + by }));
  }
  return counted;
}
