/**
 * The fold from commits to a view. It knows no kernel rule: events are facts. The daemon, the command line and the page
 * use this same function, so that all of them show the same thing at the same position.
 */
import type { Commit } from '../commit.ts';
import type { Event, EventOf } from '../events/index.ts';
import type { Part } from '../events/memory.ts';
import { foldHost } from './host.ts';
import { foldStaticCalls, noStaticCallsView } from './static-call.ts';
import type { Failure, Machine, Module, View } from './types.ts';

export const FAILURES_KEPT = 100;

export function emptyView(): View {
  return {
    commit: 0,
    time: 0,
    machine: null,
    modules: new Map(),
    areas: new Map(),
    failures: [],
    ever: { loads: 0, unloads: 0, failedLoads: 0, failedUnloads: 0, purges: 0 },
    now: { relocations: 0, direct: 0, veneer: 0, veneers: 0 },
    staticCalls: noStaticCallsView(),
    bookmarks: new Map(),
  };
}

/** Folds one commit into `view`, which the caller owns: it is changed in place. Throws where the commit is not the next one. */
export function fold(view: View, commit: Commit): View {
  if (commit.number !== view.commit + 1) {
    throw new RangeError(`commit ${commit.number} does not follow commit ${view.commit}`);
  }
  for (const event of commit.events) {
    apply(view, event, commit.number);
    foldStaticCalls(view.staticCalls, event);
    foldHost(view, event, commit.number);
  }
  view.commit = commit.number;
  view.time = commit.time;
  return view;
}

function apply(view: View, event: Event, commit: number): void {
  switch (event.type) {
    case 'MachineBooted': {
      view.machine = summary(event.profile);
      return;
    }
    case 'MemoryAllocated': {
      const { type: _, ...area } = event;
      view.areas.set(event.address, { ...area, lazy: false });
      return;
    }
    case 'MemoryFreed': {
      const area = view.areas.get(event.address);
      if (event.lazy && area) view.areas.set(event.address, { ...area, lazy: true });
      else view.areas.delete(event.address);
      const module = view.modules.get(event.module);
      if (module?.parts[event.part]?.address === event.address) dropPart(module, event.part);
      return;
    }
    case 'LazyAreasPurged': {
      for (const area of event.areas) view.areas.delete(area.address);
      view.ever.purges++;
      return;
    }
    case 'ModuleLaidOut': {
      view.modules.set(event.module, laidOut(event, commit));
      return;
    }
    case 'SymbolsResolved': {
      moduleOf(view, event.module).imports = event.imports;
      return;
    }
    case 'VeneerWritten': {
      const { type: _, module, ...veneer } = event;
      moduleOf(view, module).veneers.push(veneer);
      view.now.veneers++;
      return;
    }
    case 'RelocationsApplied': {
      const module = moduleOf(view, event.module);
      module.relocations = event.relocations;
      module.branches = { ...event.branches };
      module.plt.used = { ...event.pltUsed };
      view.now.relocations += event.relocations;
      view.now.direct += event.branches.direct;
      view.now.veneer += event.branches.veneer;
      return;
    }
    case 'ModuleComing': {
      const module = moduleOf(view, event.module);
      module.state = 'COMING';
      module.exports = event.exports;
      module.uses = event.uses;
      for (const used of event.uses) view.modules.get(used)?.usedBy.add(event.module);
      return;
    }
    case 'ModuleLive': {
      moduleOf(view, event.module).state = 'LIVE';
      view.ever.loads++;
      return;
    }
    case 'ModuleGoing': {
      const module = moduleOf(view, event.module);
      if (module.state === 'LIVE') view.ever.unloads++;
      module.state = 'GOING';
      return;
    }
    case 'ModuleGone': {
      remove(view, event.module);
      return;
    }
    case 'ModuleLoadFailed': {
      if (view.modules.get(event.module)?.state === 'UNFORMED') remove(view, event.module);
      view.ever.failedLoads++;
      keep(view, { commit, op: 'load', module: event.module, errno: event.errno, words: event.words });
      return;
    }
    case 'MachineForked': {
      view.fork = { from: event.from, changes: event.changes, refused: 0 };
      return;
    }
    case 'CommandRefused': {
      if (!view.fork) throw new RangeError('an event says what a fork refused, and the log is none of a fork');
      view.fork.refused++;
      return;
    }
    case 'BookmarkSet': {
      view.bookmarks.set(event.name, { name: event.name, at: event.at, since: commit });
      return;
    }
    case 'BookmarkRemoved': {
      view.bookmarks.delete(event.name);
      return;
    }
    case 'ModuleUnloadFailed': {
      view.ever.failedUnloads++;
      keep(view, { commit, op: 'unload', module: event.module, errno: event.errno, words: event.words });
      return;
    }
  }
}

function summary(profile: EventOf<'MachineBooted'>['profile']): Machine {
  const { symbols, gplOnly: _, staticCalls: __, ...rest } = profile;
  return { ...rest, symbols: Object.keys(symbols).length };
}

function laidOut(event: EventOf<'ModuleLaidOut'>, commit: number): Module {
  const parts: Module['parts'] = {};
  for (const { part, ...place } of event.parts) parts[part] = place;
  return {
    name: event.module,
    state: 'UNFORMED',
    blob: event.blob,
    file: event.file ?? null,
    since: commit,
    parts,
    sections: event.sections,
    sizes: event.sizes,
    groups: event.groups ?? null,
    percpu: event.percpu ?? null,
    plt: { reserved: { ...event.pltReserved }, used: { core: 0, init: 0 } },
    relocations: 0,
    branches: { direct: 0, veneer: 0 },
    veneers: [],
    imports: [],
    exports: [],
    uses: [],
    usedBy: new Set(),
  };
}

function dropPart(module: Module, part: Part): void {
  delete module.parts[part];
  module.sections = module.sections.filter((section) => section.part !== part);
}

function remove(view: View, name: string): void {
  const module = view.modules.get(name);
  if (!module) return;
  for (const used of module.uses) view.modules.get(used)?.usedBy.delete(name);
  view.now.direct -= module.branches.direct;
  view.now.veneer -= module.branches.veneer;
  view.now.veneers -= module.veneers.length;
  view.now.relocations -= module.relocations;
  view.modules.delete(name);
}

function moduleOf(view: View, name: string): Module {
  const module = view.modules.get(name);
  if (!module) throw new RangeError(`an event names module ${name}, which the log did not lay out`);
  return module;
}

function keep(view: View, failure: Failure): void {
  view.failures.push(failure);
  if (view.failures.length > FAILURES_KEPT) view.failures.shift();
}
