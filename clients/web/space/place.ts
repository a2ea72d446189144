/** What is at an address: the thing under the pointer, with the room that it takes up. */

import { PLT_ENTRY } from '../model/queries/memory.ts';
import type { SectionsAnswer } from '../model/queries/sections.ts';
import type { Areas, Scene, Sites } from '../model/scene.ts';
import { atOrBefore, nearest } from '../model/search.ts';
import type { Range, World } from './world.ts';

export type ModuleSections = SectionsAnswer[number];
export type SectionRow = ModuleSections['sections'][number];

/** `start` to `end`: the bytes that it takes up. */
export type Place = Range &
  (
    | { readonly kind: 'site'; readonly site: number }
    | { readonly kind: 'word'; readonly text: string; readonly bytes: string; readonly symbol: string | null }
    | {
        readonly kind: 'slot';
        readonly module: string;
        readonly section: string;
        readonly slot: number;
        readonly veneer: number | null;
      }
    | { readonly kind: 'section'; readonly module: string; readonly section: SectionRow }
    | { readonly kind: 'area' | 'guard'; readonly area: number }
    | { readonly kind: 'kernel' | 'reserved' | 'hole' | 'outside' }
  );

/** The area, its guard pages included; -1 where nobody has the address. */
export function areaAt({ address, size, guard }: Areas, at: number): number {
  const i = atOrBefore(address, at);
  return i >= 0 && at < address[i]! + size[i]! + guard[i]! ? i : -1;
}

export function siteNear(sites: Sites, at: number, within: number): number {
  const i = nearest(sites.address, at);
  return i >= 0 && Math.abs(sites.address[i]! - at) <= within ? i : -1;
}

export function areaOrRest(scene: Scene, world: World, at: number): Place {
  const { areas } = scene;
  const area = areaAt(areas, at);
  if (area >= 0) {
    const start = areas.address[area]!;
    const end = start + areas.size[area]!;
    return at < end
      ? { kind: 'area', area, start, end }
      : { kind: 'guard', area, start: end, end: end + areas.guard[area]! };
  }
  const fixed = world.fixed.find((range) => at >= range.start && at < range.end);
  if (fixed !== undefined) return fixed;
  const window = world.windows.find((range) => at >= range.start && at < range.end);
  return { kind: window === undefined ? 'outside' : 'hole', ...holeAt(areas, world, at) };
}

/** The free room around an address that nobody has; a window's edge ends it too. */
export function holeAt(areas: Areas, world: World, at: number): Range {
  const before = atOrBefore(areas.address, at);
  let start = before < 0 ? world.start : areas.address[before]! + areas.size[before]! + areas.guard[before]!;
  let end = before + 1 < areas.address.length ? areas.address[before + 1]! : world.end;
  for (const edge of [...world.fixed, ...world.windows].flatMap((range) => [range.start, range.end])) {
    if (edge <= at) start = Math.max(start, edge);
    else end = Math.min(end, edge);
  }
  return { start, end };
}

/** The part of a module's memory that `at` is in: a PLT entry, or a section; undefined between them. */
export function insideOf(scene: Scene, { module, sections }: ModuleSections, at: number): Place | undefined {
  const section = sections.find(({ address, size }) => at >= address && at < address + size);
  if (section === undefined) return undefined;
  const slot = Math.floor((at - section.address) / PLT_ENTRY);
  if (section.slots !== undefined && slot < section.slots) {
    const start = section.address + slot * PLT_ENTRY;
    const veneer = veneerAt(scene, start);
    return { kind: 'slot', module, section: section.name, slot, veneer, start, end: start + PLT_ENTRY };
  }
  return { kind: 'section', module, section, start: section.address, end: section.address + section.size };
}

export function veneerAt({ veneers }: Scene, address: number): number | null {
  const i = atOrBefore(veneers.address, address);
  return i >= 0 && veneers.address[i] === address ? i : null;
}

/** The site that begins at an address. */
export function sitePlace({ sites }: Scene, address: number): Place | undefined {
  const site = siteNear(sites, address, 0);
  return site < 0 ? undefined : { kind: 'site', site, start: address, end: address + SITE };
}

/** Bytes of an arm64 site; of an x86-64 one, the shorter of the two. */
const SITE = 4;
