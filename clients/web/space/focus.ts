/** What something chosen or pointed at means here: which calls are its own, and where it is. */
import type { Scene } from '../model/scene.ts';
import { atOrBefore } from '../model/search.ts';
import type { Selection } from '../state/selection.ts';
import { type ModuleSections, siteNear } from './place.ts';
import type { Range } from './world.ts';

export interface Focus {
  /** Whether a site's arc is drawn in full. */
  readonly calls: (site: number) => boolean;
  /** What is outlined. */
  readonly places: readonly Range[];
  /** The site whose reach is drawn, if it is one. */
  readonly site: number | null;
}

/** `sections`: those that are known; `patched`: the address of a patch by its id. */
export function focusOf(
  selection: Selection,
  scene: Scene,
  sections: ReadonlyMap<string, ModuleSections>,
  patched: ReadonlyMap<string, number>,
): Focus {
  const { sites } = scene;
  switch (selection.kind) {
    case 'address':
      return ofAddress(scene, selection.address);
    case 'patch': {
      const address = patched.get(selection.id);
      return address === undefined ? NOTHING : ofAddress(scene, address);
    }
    case 'module': {
      const name = scene.names.indexOf(selection.name);
      return { calls: (i) => sites.module[i] === name, places: areasOf(scene, name), site: null };
    }
    case 'section': {
      const found = sections.get(selection.module)?.sections.find(({ name }) => name === selection.section);
      if (found === undefined) return focusOf({ kind: 'module', name: selection.module }, scene, sections, patched);
      const place = { start: found.address, end: found.address + found.size };
      const within = (i: number): boolean => sites.address[i]! >= place.start && sites.address[i]! < place.end;
      return { calls: within, places: [place], site: null };
    }
    case 'key': {
      const index = scene.keys.findIndex(({ name }) => name === selection.name);
      const calls = scene.keys[index]?.calls ?? null;
      const places = calls === null ? [] : [{ start: calls, end: calls + WORD }];
      return { calls: (i) => sites.key[i] === index, places, site: null };
    }
  }
}

const WORD = 4;
const NOTHING: Focus = { calls: () => false, places: [], site: null };

/** Of a site its own call; of any other address those that arrive there, and of a veneer that which needed it first. */
function ofAddress({ sites, veneers }: Scene, address: number): Focus {
  const places = [{ start: address, end: address + WORD }];
  const site = siteNear(sites, address, 0);
  if (site >= 0) return { calls: (i) => i === site, places, site };
  const veneer = atOrBefore(veneers.address, address);
  const first = veneer >= 0 && veneers.address[veneer] === address ? veneers.site[veneer] : Number.NaN;
  return { calls: (i) => sites.target[i] === address || sites.address[i] === first, places, site: null };
}

export function areasOf({ areas }: Scene, name: number): readonly Range[] {
  const found: Range[] = [];
  for (let i = 0; i < areas.module.length; i++) {
    if (areas.module[i] !== name) continue;
    found.push({ start: areas.address[i]!, end: areas.address[i]! + areas.size[i]! });
  }
  return found;
}

/** The viewport for what is chosen: all of its places, or the largest where they are far apart. */
export function extentOf({ places, site }: Focus): Range | null {
  if (site !== null && places[0] !== undefined) return { start: places[0].start - 24, end: places[0].end + 24 };
  if (places.length === 0) return null;
  const start = Math.min(...places.map((place) => place.start));
  const end = Math.max(...places.map((place) => place.end));
  const taken = places.reduce((sum, place) => sum + place.end - place.start, 0);
  const largest = places.reduce((a, b) => (b.end - b.start > a.end - a.start ? b : a));
  return end - start > 4 * taken ? largest : { start, end };
}
