/**
 * The figures of a machine after each commit, kept while a view is folded: what a commit touches is measured before and
 * after it, so that a commit costs what it changes and not what is there. They are those that windowMaps, callClasses and
 * `View.now` say of the same view.
 */
import { fromHex, type Hex } from '../address.ts';
import type { Commit } from '../commit.ts';
import type { Event } from '../events/index.ts';
import type { Window } from '../events/memory.ts';
import { fold } from './fold.ts';
import { addClasses, CLASSES, type Classes, callClasses, classesOf, noClasses } from './static-call.ts';
import type { View } from './types.ts';
import { windowMaps } from './windows.ts';

export interface Figures {
  /** Bytes of each window that nobody else can have, reserved ones and guard pages included; 0 where there is no such window. */
  readonly used: Readonly<Record<Window, number>>;
  readonly modules: number;
  readonly veneers: number;
  /** Branches of the modules that are there. */
  readonly branches: { readonly direct: number; readonly veneer: number };
  /** Static-call sites by class. */
  readonly sites: Readonly<Classes>;
}

export interface Gauge {
  /** Of the view as it stands. */
  figures(): Figures;
  /** Folds the next commit into the view. Where that throws, view and gauge are of no more use. */
  fold(commit: Commit): void;
}

const WINDOWS: readonly Window[] = ['direct', 'fallback'];

/** The gauge of a view that from now on nobody else folds. */
export function openGauge(view: View): Gauge {
  const used: Record<Window, number> = { direct: 0, fallback: 0 };
  const sites = noClasses();
  let ranges: readonly Range[] = [];

  function measureAll(): void {
    const maps = windowMaps({ machine: view.machine, areas: [...view.areas.values()] });
    ranges = maps.map(({ window, start, end }) => ({ window, start: fromHex(start), end: fromHex(end) }));
    for (const window of WINDOWS) used[window] = maps.find((map) => map.window === window)?.used ?? 0;
    Object.assign(sites, callClasses(view.staticCalls));
  }

  /** Adds, or with -1 takes off, what the view has of these areas and keys. */
  function count(sign: 1 | -1, areas: ReadonlySet<Hex>, keys: ReadonlySet<string>): void {
    for (const address of areas) {
      const area = view.areas.get(address);
      if (!area) continue;
      const from = fromHex(area.address);
      const to = from + area.size + area.guard;
      for (const { window, start, end } of ranges) {
        used[window] += sign * Math.max(0, Math.min(to, end) - Math.max(from, start));
      }
    }
    const sum = noClasses();
    for (const name of keys) {
      const key = view.staticCalls.keys.get(name);
      if (key) addClasses(sum, classesOf(key));
    }
    for (const kind of CLASSES) sites[kind] += sign * sum[kind];
  }

  measureAll();
  return {
    figures() {
      const { direct, veneer, veneers } = view.now;
      return {
        used: { ...used },
        modules: view.modules.size,
        veneers,
        branches: { direct, veneer },
        sites: { ...sites },
      };
    },

    fold(commit) {
      if (commit.events.some(({ type }) => type === 'MachineBooted')) {
        fold(view, commit);
        measureAll();
        return;
      }
      const areas = new Set<Hex>();
      const keys = new Set<string>();
      for (const event of commit.events) touch(view, event, areas, keys);
      count(-1, areas, keys);
      fold(view, commit);
      count(1, areas, keys);
    },
  };
}

/** A window, in signed addresses. */
interface Range {
  readonly window: Window;
  readonly start: number;
  readonly end: number;
}

/** Which areas, and whose sites, the event may change in `view`; it says so before anything of its commit is folded. */
function touch({ staticCalls }: View, event: Event, areas: Set<Hex>, keys: Set<string>): void {
  switch (event.type) {
    case 'MemoryAllocated':
    case 'MemoryFreed':
      areas.add(event.address);
      return;
    case 'LazyAreasPurged':
      for (const { address } of event.areas) areas.add(address);
      return;
    case 'StaticCallKeysAdded':
      for (const { name } of event.keys) keys.add(name);
      return;
    case 'StaticCallKeysGone':
    case 'SiteModsFreed':
      for (const name of event.keys) keys.add(name);
      return;
    case 'StaticCallSitesSorted':
      for (const { key } of event.runs) keys.add(key);
      return;
    case 'StaticCallSitesRerouted':
      for (const [key] of event.sites) keys.add(key);
      return;
    case 'StaticCallFuncSet':
    case 'StaticCallStrayed':
      keys.add(event.key);
      return;
    case 'StaticCallPatched':
      if (event.what === 'site') keys.add(event.key);
      return;
    case 'ModuleLive':
    case 'ModuleGone':
      for (const name of staticCalls.links.get(event.module)?.keys() ?? []) keys.add(name);
      return;
    default:
      return;
  }
}
