/** A view as the columns of a scene. */
import { fromHex } from '../../../protocol/address.ts';
import type { Part } from '../../../protocol/events/memory.ts';
import { CLASSES, classesOf } from '../../../protocol/view/static-call.ts';
import type { Area, View } from '../../../protocol/view/types.ts';
import type { Areas, KeyRow, Sites, Veneers } from './scene.ts';

/** Parts in the order that Areas.part counts them. */
export const PARTS = [
  'core',
  'init',
  'text',
  'data',
  'rodata',
  'ro_after_init',
  'init_text',
  'init_data',
  'init_rodata',
] as const satisfies readonly Part[];

const PART_INDEX = new Map<Part, number>(PARTS.map((part, index) => [part, index]));
const CLASS_INDEX = new Map(CLASSES.map((name, index) => [name, index]));

/** Gives each name a number that stays. */
export interface Names {
  of(name: string): number;
  /** Those that were met since the last call. */
  fresh(): readonly string[];
}

export function openNames(): Names {
  const numbers = new Map<string, number>();
  let fresh: string[] = [];
  return {
    of(name) {
      const known = numbers.get(name);
      if (known !== undefined) return known;
      const number = numbers.size;
      numbers.set(name, number);
      fresh.push(name);
      return number;
    },
    fresh() {
      const taken = fresh;
      fresh = [];
      return taken;
    },
  };
}

export function areasOf({ areas }: View, names: Names): Areas {
  const rows = [...areas.values()].map((area) => ({ area, address: fromHex(area.address) }));
  rows.sort((a, b) => a.address - b.address);
  const table: Areas = {
    address: new Float64Array(rows.length),
    size: new Float64Array(rows.length),
    guard: new Uint32Array(rows.length),
    kind: new Uint8Array(rows.length),
    part: new Uint8Array(rows.length),
    module: new Uint32Array(rows.length),
  };
  for (const [i, { area, address }] of rows.entries()) {
    table.address[i] = address;
    table.size[i] = area.size;
    table.guard[i] = area.guard;
    table.kind[i] = kindOf(area);
    table.part[i] = PART_INDEX.get(area.part) ?? 0;
    table.module[i] = names.of(area.module);
  }
  return table;
}

function kindOf({ lazy, part }: Area): number {
  if (lazy) return 2;
  return part.startsWith('init') ? 1 : 0;
}

export function sitesOf({ staticCalls }: View, names: Names): Sites {
  const keys = new Map([...staticCalls.keys.keys()].map((name, index) => [name, index]));
  const rows = [...staticCalls.sites.values()].map((entry) => ({ ...entry, address: fromHex(entry.site.address) }));
  rows.sort((a, b) => a.address - b.address);
  const table: Sites = {
    address: new Float64Array(rows.length),
    target: new Float64Array(rows.length),
    class: new Uint8Array(rows.length),
    key: new Uint32Array(rows.length),
    module: new Uint32Array(rows.length),
  };
  for (const [i, { site, link, key, address }] of rows.entries()) {
    const calls = staticCalls.keys.get(key)?.calls ?? null;
    table.address[i] = address;
    table.target[i] = calls === null ? Number.NaN : fromHex(calls);
    table.class[i] = CLASS_INDEX.get(calls === null ? 'none' : site.class) ?? 0;
    table.key[i] = keys.get(key) ?? 0;
    table.module[i] = names.of(link.owner);
  }
  return table;
}

export function veneersOf({ modules }: View, names: Names): Veneers {
  const rows = [...modules.values()].flatMap(({ name, veneers }) => {
    const module = names.of(name);
    return veneers.map((veneer) => ({ veneer, module, address: fromHex(veneer.address) }));
  });
  rows.sort((a, b) => a.address - b.address);
  return {
    address: Float64Array.from(rows, (row) => row.address),
    target: Float64Array.from(rows, (row) => fromHex(row.veneer.target)),
    site: Float64Array.from(rows, (row) => fromHex(row.veneer.site.address)),
    module: Uint32Array.from(rows, (row) => row.module),
  };
}

export function keysOf({ staticCalls }: View): readonly KeyRow[] {
  return [...staticCalls.keys.values()].map((key) => {
    const classes = classesOf(key);
    return {
      name: key.name,
      owner: key.owner,
      address: fromHex(key.address),
      func: fromHex(key.func),
      calls: key.calls === null ? null : fromHex(key.calls),
      tramp: fromHex(key.tramp),
      text: key.text,
      orig: key.orig === null ? null : fromHex(key.orig),
      patches: key.patches,
      updates: key.updates,
      owners: key.chain.length,
      classes: CLASSES.map((name) => classes[name]),
    };
  });
}
