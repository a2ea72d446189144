/** What a place is, in words and exact numbers: for the pointer, for screen readers, and what it is as a selection. */
import { toHex } from '../../../protocol/address.ts';
import { count } from '../../../protocol/count.ts';
import { PARTS } from '../../../protocol/parts.ts';
import { bytes } from '../../../protocol/size.ts';
import { CLASSES } from '../../../protocol/view/static-call.ts';
import { AREA_KINDS, type Scene } from '../model/scene.ts';
import type { Selection } from '../state/selection.ts';
import { CLASS_WORDS } from '../ui/class-mark.tsx';
import { reachOf } from '../ui/reach.tsx';
import type { Place } from './place.ts';

export interface Facts {
  readonly title: string;
  readonly rows: readonly (readonly [label: string, value: string])[];
}

const KIND_WORDS = {
  module: 'module memory',
  init: 'init memory, freed after init',
  lazy: 'freed, not usable before the next purge',
} as const;
const USE_WORDS = { code: 'code', 'read-only': 'read-only data', data: 'data', plt: 'PLT: room for veneers' } as const;

export function factsOf(place: Place, scene: Scene): Facts {
  const { areas, names, sites, veneers } = scene;
  const range = [
    ['address', toHex(place.start)],
    ['size', exact(place.end - place.start)],
  ] as const;
  switch (place.kind) {
    case 'site':
      return { title: `site in ${names[sites.module[place.site]!]}`, rows: siteRows(scene, place.site) };
    case 'word': {
      const symbol = place.symbol === null ? [] : [['at', place.symbol] as const];
      return { title: place.text, rows: [['address', toHex(place.start)], ['bytes', place.bytes], ...symbol] };
    }
    case 'slot': {
      const { veneer } = place;
      const use =
        veneer === null
          ? 'free'
          : `used: a veneer to ${toHex(veneers.target[veneer]!)}, first for ${toHex(veneers.site[veneer]!)}`;
      return { title: `PLT entry ${place.slot} of ${place.module} ${place.section}`, rows: [...range, ['use', use]] };
    }
    case 'section': {
      const { name, use, slots } = place.section;
      const plt = slots === undefined ? [] : [['entries', `${slots}`] as const];
      return { title: `${name} of ${place.module}`, rows: [['holds', USE_WORDS[use]], ...range, ...plt] };
    }
    case 'area': {
      const part = PARTS[areas.part[place.area]!]!;
      const what = KIND_WORDS[AREA_KINDS[areas.kind[place.area]!]!];
      return { title: `${names[areas.module[place.area]!]} · ${part}`, rows: [['is', what], ...range] };
    }
    case 'guard':
      return {
        title: `guard page of ${names[areas.module[place.area]!]}`,
        rows: [['is', 'kept free, nobody may use it'], ...range],
      };
    case 'kernel':
      return { title: 'kernel image', rows: range };
    case 'reserved':
      return { title: 'not ours', rows: [['is', 'reserved by others'], ...range] };
    case 'outside':
      return { title: 'outside of the windows', rows: [['is', 'no place for modules'], ...range] };
    case 'hole':
      return { title: 'hole', rows: [['is', 'free'], ...range] };
  }
}

function siteRows(scene: Scene, site: number): Facts['rows'] {
  const { sites, keys, summary } = scene;
  const address = sites.address[site]!;
  const target = sites.target[site]!;
  const { glyph, name } = CLASS_WORDS[CLASSES[sites.class[site]!]!];
  const far = summary.machine === null ? null : reachOf(summary.machine.arch, target - address);
  const calls = Number.isNaN(target)
    ? [['calls', 'nothing'] as const]
    : [
        ['calls', toHex(target)] as const,
        ['distance', `${far?.text} ${far?.inReach ? 'in reach' : 'out of reach'}`] as const,
      ];
  return [
    ['address', toHex(address)],
    ['key', keys[sites.key[site]!]?.name ?? ''],
    ['class', `${glyph} ${name}`],
    ...calls,
  ];
}

const exact = (size: number): string => `${bytes(size)} (${count(size)} bytes)`;

/** For screen readers. */
export function sentence({ title, rows }: Facts): string {
  return `${title}: ${rows.map(([label, value]) => `${label} ${value}`).join(', ')}`;
}

export function selectionOf(place: Place, { areas, names, sites }: Scene): Selection {
  switch (place.kind) {
    case 'site':
      return { kind: 'address', address: sites.address[place.site]! };
    case 'section':
      return { kind: 'section', module: place.module, section: place.section.name };
    case 'area':
    case 'guard':
      return { kind: 'module', name: names[areas.module[place.area]!]! };
    default:
      return { kind: 'address', address: place.start };
  }
}

/** What the strip shows, in a sentence. */
export function described(scene: Scene, { start, end }: { readonly start: number; readonly end: number }): string {
  const { areas, sites, names } = scene;
  const modules = new Set<number>();
  for (let i = 0; i < areas.address.length; i++) {
    if (areas.address[i]! < end && areas.address[i]! + areas.size[i]! > start) modules.add(areas.module[i]!);
  }
  let calls = 0;
  for (const address of sites.address) if (address >= start && address < end) calls++;
  const who = modules.size === 1 ? `the module ${names[[...modules][0]!]}` : `${count(modules.size)} modules`;
  return `Shown: ${bytes(end - start)} from ${toHex(start)}, with ${who} and ${count(calls)} static-call sites.`;
}
