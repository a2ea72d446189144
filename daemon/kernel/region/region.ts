/**
 * The module region: where the loader allocates. Each area is followed by one guard page; the direct window first, then
 * the fallback window, lowest first fit in either (mm/vmalloc.c, __get_vm_area_node and alloc_vmap_area;
 * arch/arm64/kernel/module.c, module_alloc; v6.1 and v6.12).
 */
import { toHex } from '../../../protocol/address.ts';
import type { Window } from '../../../protocol/events/memory.ts';
import {
  type Area,
  type AreaTree,
  areaAt,
  holes,
  insertArea,
  isFree,
  lowestFit,
  NO_AREAS,
  removeArea,
} from './areas.ts';

/** What an allocation holds: `size` bytes of whole pages from `address`, then `guard` bytes that nobody may use. */
export interface Allocation {
  readonly address: number;
  readonly size: number;
  readonly guard: number;
}

/** A value. `areas` are all that is taken, others' areas and lazily freed ones too; `lazy` are those that a purge gives back. */
export interface Region {
  readonly areas: AreaTree;
  readonly lazy: readonly Allocation[];
}

/** The windows of a profile as numbers; undefined where the machine has none. */
export interface Windows {
  readonly direct: Area | undefined;
  readonly fallback: Area | undefined;
}

/** What an allocation came to. `purged` are the lazily freed areas that a full window made the kernel give back. */
export type Allocated =
  | {
      readonly kind: 'allocated';
      readonly region: Region;
      readonly allocation: Allocation;
      readonly window: Window;
      readonly purged: readonly Allocation[];
    }
  | { readonly kind: 'no-memory'; readonly region: Region; readonly purged: readonly Allocation[] }
  /** `fallbackAt` names an address that cannot be: not page aligned, or taken. */
  | { readonly kind: 'bad-fallback'; readonly address: number };

/**
 * The region as a machine boots: `reserved` areas are taken, and whatever `image` (the kernel's data, guard page
 * included) takes beside them. Throws where reserved areas overlap.
 */
export function emptyRegion(reserved: readonly (readonly [start: number, end: number])[], image?: Area): Region {
  const areas = reserved.reduce((tree, [start, end]) => insertArea(tree, start, end), NO_AREAS);
  if (image === undefined) return { areas, lazy: [] };
  const gaps = [...holes(areas, image.start, image.end)];
  return { areas: gaps.reduce((tree, { start, end }) => insertArea(tree, start, end), areas), lazy: [] };
}

/**
 * Allocates `size` bytes (rounded up to pages) and a guard page. A window without room has the lazily freed areas purged
 * once and is tried again. `fallbackAt` is what the real fallback window gave, which every vmalloc user shares: it is
 * taken as it is, and only when the direct window is full.
 */
export function allocate(
  region: Region,
  windows: Windows,
  pageSize: number,
  size: number,
  fallbackAt?: number,
): Allocated {
  const rounded = Math.ceil(size / pageSize) * pageSize;
  const length = rounded + pageSize;
  let current = region;
  let purged: readonly Allocation[] = [];
  const taken = (address: number, window: Window): Allocated => ({
    kind: 'allocated',
    region: markAllocated(current, address, rounded, pageSize),
    allocation: { address, size: rounded, guard: pageSize },
    window,
    purged,
  });
  const attempt = (find: () => number | undefined): number | undefined => {
    const first = find();
    if (first !== undefined || current.lazy.length === 0) return first;
    purged = current.lazy;
    current = markPurged(current);
    return find();
  };

  const { direct, fallback } = windows;
  if (rounded === 0) return { kind: 'no-memory', region, purged };
  if (direct !== undefined) {
    const address = attempt(() => lowestFit(current.areas, direct.start, direct.end, length, pageSize));
    if (address !== undefined) return taken(address, 'direct');
  }
  if (fallback === undefined) return { kind: 'no-memory', region: current, purged };
  if (fallbackAt !== undefined) {
    if (!Number.isSafeInteger(fallbackAt) || fallbackAt % pageSize !== 0)
      return { kind: 'bad-fallback', address: fallbackAt };
    const free = attempt(() => (isFree(current.areas, fallbackAt, fallbackAt + length) ? fallbackAt : undefined));
    return free === undefined ? { kind: 'bad-fallback', address: fallbackAt } : taken(free, 'fallback');
  }
  const address = attempt(() => lowestFit(current.areas, fallback.start, fallback.end, length, pageSize));
  return address === undefined ? { kind: 'no-memory', region: current, purged } : taken(address, 'fallback');
}

/** The region with that allocation made: where it is was decided before. Throws where it overlaps an area. */
export function markAllocated(region: Region, address: number, size: number, guard: number): Region {
  return { areas: insertArea(region.areas, address, address + size + guard), lazy: region.lazy };
}

/**
 * The region with an allocation given back; a `lazy` one still blocks its room until the next purge. In the kernel a free
 * that is not lazy purges all lazily freed areas as well (vm_remove_mappings -> _vm_unmap_aliases): who decides one
 * decides a purge after it. Throws where there is no such allocation.
 */
export function markFreed(region: Region, address: number, size: number, guard: number, lazy: boolean): Region {
  if (areaAt(region.areas, address)?.end !== address + size + guard)
    throw new Error(`no area of ${size} + ${guard} bytes is at ${toHex(address)}`);
  if (region.lazy.some((other) => other.address === address))
    throw new Error(`the area at ${toHex(address)} is freed twice`);
  if (lazy) return { areas: region.areas, lazy: [...region.lazy, { address, size, guard }] };
  return { areas: removeArea(region.areas, address), lazy: region.lazy };
}

/** The region with all lazily freed areas (`region.lazy`) usable again. */
export function markPurged(region: Region): Region {
  if (region.lazy.length === 0) return region;
  return { areas: region.lazy.reduce((tree, { address }) => removeArea(tree, address), region.areas), lazy: [] };
}
