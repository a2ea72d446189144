/**
 * `veneer plan`: the loads of all modules, decided by the simulated kernel one after another, and what they come to. Nothing
 * is recorded.
 */
import { fromHex, type Hex } from '../../../protocol/address.ts';
import type { Event, EventOf } from '../../../protocol/events/index.ts';
import type { Part, Window } from '../../../protocol/events/memory.ts';
import type { MachineProfile } from '../../../protocol/profile.ts';
import { decide, type State } from '../../kernel/kernel.ts';
import { Fill } from './fill.ts';
import { blobsOf, booted, type PlanInput, type PlanModule, type Seed } from './input.ts';
import type { Failure, Row } from './row.ts';

export interface PlannedModule {
  readonly module: string;
  readonly file: string;
  readonly sha256: string;
  readonly ok: boolean;
  readonly errno?: string | null;
  readonly words?: string;
  readonly step?: Failure['step'];
  /** In order of allocation, sizes without the guard page; of a module that fails, those that it was given before. */
  readonly areas: readonly {
    readonly part: Part;
    readonly address: Hex;
    readonly size: number;
    readonly window: Window;
  }[];
  readonly percpu?: { readonly address: Hex; readonly size: number };
  readonly slots: Readonly<Record<'core' | 'init', { readonly reserved: number; readonly used: number }>>;
  readonly veneers: number;
  readonly branches: { readonly direct: number; readonly veneer: number };
  /** Bytes of the windows that it keeps once its init memory is given back, guard pages included. */
  readonly keeps: number;
  /** Bytes that are taken in each window when this load is over. */
  readonly taken: Readonly<Record<Window, number | null>>;
}

export interface Planned {
  readonly machine: MachineProfile;
  readonly modules: readonly PlannedModule[];
  /** During which load each window was fullest, by the module's index. */
  readonly peaks: Readonly<Record<Window, number | null>>;
  readonly row: Row;
}

/** Told of each load, in order: `events` are undefined where the kernel would not survive it. */
export type OnLoad = (index: number, events: readonly Event[] | undefined) => void;

/** Plans one placement. Throws a RunError where the machine does not boot. */
export function planOne(input: PlanInput, seed: Seed, onLoad?: OnLoad): Planned {
  const { modules } = input;
  const blobs = blobsOf(input);
  let state = booted(input, seed);
  const { profile } = state;
  if (!profile) throw new Error('a machine that is booted has a profile');
  const fill = new Fill(state.region, profile.windows);
  const peaks: Record<Window, number | null> = { direct: null, fallback: null };
  const planned: PlannedModule[] = [];
  const failed: Failure[] = [];
  for (const [index, module] of modules.entries()) {
    const highest = { direct: fill.direct?.peak ?? 0, fallback: fill.fallback?.peak ?? 0 };
    const decision = decide(state, { type: 'load', blob: module.sha256, file: module.file.slice(-1024) }, blobs);
    const events = decision.ok ? decision.events : [];
    if (decision.ok) state = decision.state;
    const collected = collect(module, events, fill);
    for (const window of ['direct', 'fallback'] as const)
      if ((fill[window]?.peak ?? 0) > highest[window]) peaks[window] = index;
    const result = decision.ok
      ? collected
      : { ...collected, module: module.file, ok: false, errno: null, words: decision.message, step: null };
    planned.push({ ...result, keeps: keptBy(state, result), taken: takenNow(fill) });
    if (!result.ok) {
      const { errno = null, words = '', step = null } = result;
      failed.push({ index, module: result.module, file: module.file, errno, words, step });
    }
    onLoad?.(index, decision.ok ? events : undefined);
  }
  return {
    machine: profile.source,
    modules: planned,
    peaks,
    row: rowOf(seed, planned, failed, fill.result(state.region)),
  };
}

type Collected = Omit<PlannedModule, 'keeps' | 'taken'>;

/** What the events of one load say; `fill` learns of every area. */
function collect({ file, sha256 }: PlanModule, events: readonly Event[], fill: Fill): Collected {
  const areas: PlannedModule['areas'][number][] = [];
  const slots = { core: { reserved: 0, used: 0 }, init: { reserved: 0, used: 0 } };
  let veneers = 0;
  let branches = { direct: 0, veneer: 0 };
  let module = '';
  let percpu: PlannedModule['percpu'];
  let failure: EventOf<'ModuleLoadFailed'> | undefined;
  for (const event of events) {
    switch (event.type) {
      case 'MemoryAllocated': {
        const { part, address, size, window } = event;
        areas.push({ part, address, size, window });
        fill.take(fromHex(address), size + event.guard);
        break;
      }
      case 'MemoryFreed':
        if (!event.lazy) fill.give(fromHex(event.address), event.size + event.guard);
        break;
      case 'LazyAreasPurged':
        for (const { address, size, guard } of event.areas) fill.give(fromHex(address), size + guard);
        break;
      case 'ModuleLaidOut':
        slots.core.reserved = event.pltReserved.core;
        slots.init.reserved = event.pltReserved.init;
        percpu = event.percpu;
        break;
      case 'VeneerWritten':
        veneers++;
        break;
      case 'RelocationsApplied':
        slots.core.used = event.pltUsed.core;
        slots.init.used = event.pltUsed.init;
        branches = event.branches;
        break;
      case 'ModuleLive':
        module = event.module;
        break;
      case 'ModuleLoadFailed':
        module = event.module === '' ? file : event.module;
        failure = event;
        break;
      default:
    }
  }
  return {
    module,
    file,
    sha256,
    ok: failure === undefined,
    ...(failure && { errno: failure.errno, words: failure.words, step: failure.step }),
    areas,
    ...(percpu && { percpu }),
    slots,
    veneers,
    branches,
  };
}

/** What it keeps in the windows now. */
function keptBy(state: State, { ok, module }: Pick<PlannedModule, 'ok' | 'module'>): number {
  const areas = ok ? (state.modules.get(module)?.areas ?? []) : [];
  return areas.reduce((sum, { size, guard }) => sum + size + guard, 0);
}

function takenNow({ direct, fallback }: Fill): PlannedModule['taken'] {
  return { direct: direct?.used ?? null, fallback: fallback?.used ?? null };
}

function rowOf(
  seed: Seed,
  modules: readonly PlannedModule[],
  failed: readonly Failure[],
  windows: Row['windows'],
): Row {
  const sum = { direct: 0, veneer: 0, reserved: 0, used: 0, veneers: 0, far: 0, loaded: 0 };
  for (const { ok, branches, slots, veneers, areas } of modules) {
    if (!ok) continue;
    sum.loaded++;
    sum.direct += branches.direct;
    sum.veneer += branches.veneer;
    sum.reserved += slots.core.reserved + slots.init.reserved;
    sum.used += slots.core.used + slots.init.used;
    sum.veneers += veneers;
    if (areas.some(({ window }) => window === 'fallback')) sum.far++;
  }
  return {
    seed,
    fits: failed.length === 0,
    loaded: sum.loaded,
    failed,
    far: sum.far,
    branches: { direct: sum.direct, veneer: sum.veneer },
    slots: { reserved: sum.reserved, used: sum.used },
    veneers: sum.veneers,
    windows,
  };
}
