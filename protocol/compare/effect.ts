/** What one commit came to, in terms that can be held against the same command in another machine. */
import type { Hex } from '../address.ts';
import type { Commit } from '../commit.ts';
import type { Event } from '../events/index.ts';
import type { Window } from '../events/memory.ts';
import type { CallClass } from '../events/static-call.ts';
import type { MachineProfile } from '../profile.ts';
import type { Classes } from '../view/static-call.ts';
import type { Places } from './places.ts';

export interface PlacedPart {
  readonly address: Hex;
  readonly size: number;
  readonly window: Window;
}

/** `failed`: the kernel refused, with its words. `refused`: the command made no sense. */
export type Came =
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly errno: string; readonly step: string | null; readonly words: string }
  | { readonly kind: 'refused'; readonly code: string; readonly words: string };

export interface Effect {
  readonly came: Came;
  readonly machine: MachineProfile | undefined;
  /** By part. */
  readonly parts: ReadonlyMap<string, PlacedPart>;
  readonly branches: { readonly direct: number; readonly veneer: number };
  readonly plt: { readonly reserved: number; readonly used: number };
  /** Entries of PLTs that were written. */
  readonly veneers: number;
  /** Call sites that the commit brought or wrote to, by what they go through after it. */
  readonly calls: Classes;
  /** What was written where, by what it means: in another machine the same writes have other bytes. */
  readonly patches: ReadonlyMap<string, string>;
  /** Functions that keys were set to. */
  readonly funcs: ReadonlyMap<string, string>;
  /** Events by type. */
  readonly events: ReadonlyMap<string, number>;
}

/** Takes `places` along to after the commit; `each` sees every event. */
export function effectOf({ events }: Commit, places: Places, each: (event: Event) => void): Effect {
  const parts = new Map<string, PlacedPart>();
  const patches = new Map<string, string>();
  const funcs = new Map<string, string>();
  const types = new Map<string, number>();
  const sites = new Map<Hex, CallClass>();
  let came: Came = { kind: 'done' };
  let machine: MachineProfile | undefined;
  let branches = { direct: 0, veneer: 0 };
  const plt = { reserved: 0, used: 0 };
  let veneers = 0;

  for (const event of events) {
    each(event);
    places.take(event);
    types.set(event.type, (types.get(event.type) ?? 0) + 1);
    switch (event.type) {
      case 'MachineBooted':
        machine = event.profile;
        break;
      case 'MemoryAllocated': {
        const { part, address, size, window } = event;
        parts.set(part, { address, size, window });
        break;
      }
      case 'ModuleLaidOut':
        plt.reserved += event.pltReserved.core + event.pltReserved.init;
        break;
      case 'RelocationsApplied':
        branches = event.branches;
        plt.used += event.pltUsed.core + event.pltUsed.init;
        break;
      case 'VeneerWritten':
        veneers++;
        break;
      case 'ModuleLoadFailed':
        came = { kind: 'failed', errno: event.errno, step: event.step, words: event.words };
        break;
      case 'ModuleUnloadFailed':
        came = { kind: 'failed', errno: event.errno, step: null, words: event.words };
        break;
      case 'CommandRefused':
        came = { kind: 'refused', code: event.code, words: event.message };
        break;
      case 'StaticCallSitesSorted':
        for (const run of event.runs) for (const [address, , , kind] of run.sites) sites.set(address, kind);
        break;
      case 'StaticCallSitesRerouted':
        for (const [, address, kind] of event.sites) sites.set(address, kind);
        break;
      case 'StaticCallFuncSet':
        funcs.set(event.key, places.name(event.to));
        break;
      case 'StaticCallStrayed':
        sites.set(event.site, 'trapped');
        break;
      case 'StaticCallPatched': {
        if (event.what === 'site') sites.set(event.address, event.class);
        const where = `${event.what} of ${event.key} at ${places.name(event.address)}`;
        patches.set(where, written(event, places));
        break;
      }
      default:
    }
  }
  return {
    came,
    machine,
    parts,
    branches,
    plt,
    veneers,
    calls: classesOf(sites.values()),
    patches,
    funcs,
    events: types,
  };
}

/** `bl -> calls:.text+0x44 (direct)`: the instructions without their operands, where they lead, and what the call is then. */
function written(event: Extract<Event, { type: 'StaticCallPatched' }>, places: Places): string {
  const [, after] = event.text;
  const code = after
    .split('; ')
    .map((instruction) => instruction.split(' ')[0])
    .join('; ');
  const [, to] = event.to;
  const target = event.what === 'literal' ? (after.split(' ')[1] as Hex | undefined) : (to ?? undefined);
  return `${code}${target === undefined ? '' : ` -> ${places.name(target)}`} (${event.class}, ${event.atomicity})`;
}

function classesOf(kinds: Iterable<CallClass>): Classes {
  const sum = { direct: 0, veneer: 0, veneers: 0, trapped: 0, none: 0 };
  for (const kind of kinds) sum[kind]++;
  return sum;
}
