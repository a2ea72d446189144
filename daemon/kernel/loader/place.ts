/** Getting memory for a module, and giving it back. */
import { toHex } from '../../../protocol/address.ts';
import type { Part } from '../../../protocol/events/memory.ts';
import type { KernelError } from '../arch/arch.ts';
import type { Profile } from '../profile.ts';
import { type Allocation, allocate } from '../region/region.ts';
import type { ModuleArea, State } from '../state.ts';
import { type Draft, emit } from './draft.ts';

type Reason = 'window-full' | 'init-reached' | 'area-freed';

const INIT_PARTS: ReadonlySet<Part> = new Set(['init', 'init_text', 'init_data', 'init_rodata']);

export function isInitPart(part: Part): boolean {
  return INIT_PARTS.has(part);
}

export type Placed =
  | { readonly ok: true; readonly areas: readonly ModuleArea[] }
  /** `areas` are those that were allocated before the error. */
  | { readonly ok: false; readonly areas: readonly ModuleArea[]; readonly error: KernelError };

/** Allocates all parts of a module in order, each lowest first fit. */
export function allocateParts(
  draft: Draft,
  profile: Profile,
  module: string,
  parts: readonly { readonly part: Part; readonly size: number }[],
  fallbackAt: (part: Part) => number | undefined,
): Placed {
  const areas: ModuleArea[] = [];
  for (const { part, size } of parts) {
    const got = allocate(draft.state.region, profile.windows, profile.pageSize, size, fallbackAt(part));
    if (got.kind === 'bad-fallback') {
      const words = `fallbackAt.${part}: ${toHex(got.address)} is not a free page-aligned address`;
      return { ok: false, areas, error: { errno: 'ENOMEM', words } };
    }
    if (got.purged.length > 0) emitPurge(draft, got.purged, 'window-full');
    if (got.kind === 'no-memory') {
      return { ok: false, areas, error: { errno: 'ENOMEM', words: noRoom(profile, size) } };
    }
    const { allocation, window } = got;
    areas.push({ part, address: allocation.address, size: allocation.size, guard: allocation.guard, window });
    emit(draft, {
      type: 'MemoryAllocated',
      module,
      part,
      address: toHex(allocation.address),
      size: allocation.size,
      guard: allocation.guard,
      window,
    });
  }
  return { ok: true, areas };
}

/** What alloc_vmap_area prints (mm/vmalloc.c): 6.1 gives the size with its guard page, 6.12 the range as well. */
export function noRoom(profile: Profile, size: number): string {
  const { pageSize, layout, windows } = profile;
  const bytes = Math.ceil(size / pageSize) * pageSize + pageSize;
  const range = windows.fallback ?? windows.direct;
  if (layout === 'linux-6.1' || !range) {
    return `vmap allocation for size ${bytes} failed: use vmalloc=<size> to increase size`;
  }
  const bound = (address: number) =>
    `0x${toHex(address)
      .slice(2)
      .replace(/^0+(?=.)/, '')}`;
  return `vmalloc_node_range for size ${bytes} failed: Address range restricted to ${bound(range.start)} - ${bound(range.end)}`;
}

/**
 * Gives areas back in the order given. A free that is not lazy also purges what was freed lazily before: the area's
 * permissions are reset, which flushes all aliases (mm/vmalloc.c vm_remove_mappings, v6.1).
 */
export function freeAreas(draft: Draft, module: string, areas: readonly ModuleArea[], lazy: boolean): void {
  for (const { part, address, size, guard } of areas) {
    emit(draft, { type: 'MemoryFreed', module, part, address: toHex(address), size, guard, lazy });
  }
  if (!lazy && areas.length > 0) purge(draft, 'area-freed');
}

/** Makes what was freed lazily usable, if there is any. */
export function purge(draft: Draft, reason: Reason): void {
  const { lazy } = draft.state.region;
  if (lazy.length > 0) emitPurge(draft, lazy, reason);
}

function emitPurge(draft: Draft, areas: readonly Allocation[], reason: Reason): void {
  emit(draft, {
    type: 'LazyAreasPurged',
    areas: areas.map(({ address, size, guard }) => ({ address: toHex(address), size, guard })),
    reason,
  });
}

/** Whether a load that fails before it is formed frees lazily: only linux-6.1 on arm64 does. */
export function failsLazily({ profile }: State): boolean {
  return profile?.arch === 'arm64' && profile.layout === 'linux-6.1';
}

/** The order in which the parts of a module are freed: init before core; since v6.4 as allocated, but `data`, which holds struct module, last. */
export function freeingOrder(areas: readonly ModuleArea[]): readonly ModuleArea[] {
  const rank = ({ part }: ModuleArea) => (part === 'data' ? 2 : part === 'core' ? 1 : 0);
  return [...areas].sort((a, b) => rank(a) - rank(b));
}
