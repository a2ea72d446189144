/** What the events of a commit may change in the tables of a scene, so that nothing else is made anew. */
import type { Hex } from '../../../protocol/address.ts';
import type { Event } from '../../../protocol/events/index.ts';
import type { StaticCallKey } from '../../../protocol/view/static-call.ts';
import type { View } from '../../../protocol/view/types.ts';

export interface Touched {
  /** Everything: what follows says nothing then. */
  readonly all: boolean;
  readonly areas: ReadonlySet<Hex>;
  readonly sites: ReadonlySet<Hex>;
  /** Keys that call something else now: all of their sites do. */
  readonly calls: ReadonlySet<string>;
  /** Modules whose veneers they are. */
  readonly veneers: ReadonlySet<string>;
  readonly keys: boolean;
}

export interface Touching {
  readonly touched: Touched;
  all(): void;
  /** To be told of each event of a commit before any of them is folded: what goes is still there. */
  event(view: View, event: Event): void;
}

export function openTouching(): Touching {
  const areas = new Set<Hex>();
  const sites = new Set<Hex>();
  const calls = new Set<string>();
  const veneers = new Set<string>();
  let all = false;
  let keys = false;

  function sitesOf({ staticCalls }: View, module: string): void {
    for (const link of staticCalls.links.get(module)?.values() ?? []) {
      keys = true;
      for (const site of link.sites) sites.add(site.address);
    }
  }

  function sitesIn(key: StaticCallKey | undefined): void {
    for (const link of key?.chain ?? []) for (const site of link.sites) sites.add(site.address);
  }

  return {
    get touched() {
      return { all, areas, sites, calls, veneers, keys };
    },
    all() {
      all = true;
    },
    event(view, event) {
      const { type } = event;
      if (type === 'MachineBooted' || type.startsWith('Host')) all = true;
      if (type.startsWith('StaticCall') || type.startsWith('SiteMod')) keys = true;
      switch (type) {
        case 'MemoryAllocated':
        case 'MemoryFreed':
          areas.add(event.address);
          return;
        case 'LazyAreasPurged':
          for (const { address } of event.areas) areas.add(address);
          return;
        case 'VeneerWritten':
        case 'ModuleLoadFailed':
          veneers.add(event.module);
          return;
        // Init text takes its sites along.
        case 'ModuleLive':
          sitesOf(view, event.module);
          return;
        case 'ModuleGone':
          sitesOf(view, event.module);
          veneers.add(event.module);
          return;
        case 'StaticCallSitesSorted':
          for (const run of event.runs) for (const [address] of run.sites) sites.add(address);
          return;
        case 'StaticCallSitesRerouted':
          for (const [, address] of event.sites) sites.add(address);
          return;
        case 'StaticCallStrayed':
          sites.add(event.site);
          return;
        case 'StaticCallPatched':
          if (event.what === 'site') sites.add(event.address);
          return;
        case 'StaticCallFuncSet':
          calls.add(event.key);
          return;
        case 'StaticCallKeysGone':
          for (const name of event.keys) sitesIn(view.staticCalls.keys.get(name));
          return;
      }
    },
  };
}
