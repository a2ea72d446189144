/** A view as the columns of a scene. They are kept: a commit costs what it changes, and not what is there. */
import { fromHex, type Hex } from '../../../protocol/address.ts';
import type { Part } from '../../../protocol/events/memory.ts';
import { PARTS } from '../../../protocol/parts.ts';
import { CLASSES, type StaticCallsView } from '../../../protocol/view/static-call.ts';
import type { Area, Veneer, View } from '../../../protocol/view/types.ts';
import { openClassCounts } from './class-counts.ts';
import { openNames } from './names.ts';
import { type Columns, copyOf, type Ordered, openOrdered } from './ordered.ts';
import type { Areas, KeyRow, Sites, Veneers } from './scene.ts';
import type { Touched } from './touched.ts';

const PART_INDEX = new Map<Part, number>(PARTS.map((part, index) => [part, index]));
const CLASS_INDEX = new Map(CLASSES.map((name, index) => [name, index]));

type SiteRow = StaticCallsView['sites'] extends ReadonlyMap<unknown, infer Row> ? Row : never;
interface VeneerRow {
  readonly veneer: Veneer;
  readonly module: string;
}

/** Tables that changed, to be given away. */
export interface Changed {
  readonly areas?: Areas;
  readonly sites?: Sites;
  readonly veneers?: Veneers;
  readonly keys?: readonly KeyRow[];
}

export interface Tables {
  readonly areas: Areas;
  /** Sites by class. */
  readonly classes: readonly number[];
  /** Brings the tables to the view. */
  update(view: View, touched: Touched): Changed;
  /** Names of modules that were met since the last call. */
  freshNames(): readonly string[];
}

export function openTables(): Tables {
  const modules = openNames();
  const keyNumbers = openNames();
  /** By key: where its calls arrive; of the view that is being shown. */
  const targets = new Map<string, number>();
  let shown: StaticCallsView | undefined;

  function targetOf(key: string): number {
    const known = targets.get(key);
    if (known !== undefined) return known;
    const calls = shown?.keys.get(key)?.calls ?? null;
    const target = calls === null ? Number.NaN : fromHex(calls);
    targets.set(key, target);
    return target;
  }

  const areas = openOrdered<Areas, Area>({
    make: (length) => ({
      address: new Float64Array(length),
      size: new Float64Array(length),
      guard: new Uint32Array(length),
      kind: new Uint8Array(length),
      part: new Uint8Array(length),
      module: new Uint32Array(length),
    }),
    addressOf: ({ address }) => fromHex(address),
    write(into, i, area) {
      into.size[i] = area.size;
      into.guard[i] = area.guard;
      into.kind[i] = kindOf(area);
      into.part[i] = PART_INDEX.get(area.part) ?? 0;
      into.module[i] = modules.of(area.module);
    },
  });

  const sites = openOrdered<Sites, SiteRow>({
    make: (length) => ({
      address: new Float64Array(length),
      target: new Float64Array(length),
      class: new Uint8Array(length),
      key: new Uint32Array(length),
      module: new Uint32Array(length),
    }),
    addressOf: ({ site }) => fromHex(site.address),
    write(into, i, { site, link, key }) {
      const target = targetOf(key);
      into.target[i] = target;
      into.class[i] = CLASS_INDEX.get(Number.isNaN(target) ? 'none' : site.class) ?? 0;
      into.key[i] = keyNumbers.of(key);
      into.module[i] = modules.of(link.owner);
    },
  });

  const veneers = openOrdered<Veneers, VeneerRow>({
    make: (length) => ({
      address: new Float64Array(length),
      target: new Float64Array(length),
      site: new Float64Array(length),
      module: new Uint32Array(length),
    }),
    addressOf: ({ veneer }) => fromHex(veneer.address),
    write(into, i, { veneer, module }) {
      into.target[i] = fromHex(veneer.target);
      into.site[i] = fromHex(veneer.site.address);
      into.module[i] = modules.of(module);
    },
  });

  const counts = openClassCounts();
  /** By place in Scene.keys: the key's number. */
  let places: Uint32Array = new Uint32Array(0);

  function fill({ areas: all, staticCalls, modules: loaded }: View): void {
    areas.fill(all.values());
    sites.fill(staticCalls.sites.values());
    veneers.fill(veneersIn(loaded.keys(), loaded));
  }

  function updateVeneers({ modules: loaded }: View, touched: ReadonlySet<string>): boolean {
    if (touched.size === 0) return false;
    const numbers = new Set([...touched].map(modules.of));
    const gone: number[] = [];
    for (const [i, module] of veneers.columns.module.entries()) if (numbers.has(module)) gone.push(i);
    veneers.splice(gone, [...veneersIn(touched, loaded)]);
    return true;
  }

  const keysByNumber = ({ keys }: StaticCallsView): Uint32Array => Uint32Array.from([...keys.keys()], keyNumbers.of);

  function givenSites(): Sites {
    const given = copyOf(sites.columns);
    if (places.every((number, place) => number === place)) return given;
    const placeOf = new Uint32Array(keyNumbers.count);
    for (const [place, number] of places.entries()) placeOf[number] = place;
    for (const [i, number] of given.key.entries()) given.key[i] = placeOf[number] ?? 0;
    return given;
  }

  function keyRows({ keys }: StaticCallsView): readonly KeyRow[] {
    return [...keys.values()].map((key, place) => ({
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
      classes: counts.of(places[place] as number),
    }));
  }

  return {
    get areas() {
      return areas.columns;
    },
    get classes() {
      return counts.all;
    },

    update(view, touched) {
      shown = view.staticCalls;
      targets.clear();
      const { staticCalls } = view;
      if (touched.all) fill(view);
      const changed = touched.all
        ? { areas: true, sites: true, veneers: true }
        : {
            areas: updateRows(areas, touched.areas, view.areas),
            sites: updateRows(sites, sitesTouched(staticCalls, touched), staticCalls.sites),
            veneers: updateVeneers(view, touched.veneers),
          };
      const calls = touched.all || touched.keys;
      const before = places;
      if (calls) {
        places = keysByNumber(staticCalls);
        counts.count(sites.columns, keyNumbers.count, places);
      }
      const moved = places !== before && !sameNumbers(places, before);
      return {
        ...(changed.areas && { areas: copyOf(areas.columns) }),
        ...((changed.sites || moved) && { sites: givenSites() }),
        ...(changed.veneers && { veneers: copyOf(veneers.columns) }),
        ...(calls && { keys: keyRows(staticCalls) }),
      };
    },

    freshNames: modules.fresh,
  };
}

const sameNumbers = (a: Uint32Array, b: Uint32Array): boolean =>
  a.length === b.length && a.every((value, i) => value === b[i]);

function kindOf({ lazy, part }: Area): number {
  if (lazy) return 2;
  return part.startsWith('init') ? 1 : 0;
}

function* veneersIn(names: Iterable<string>, modules: View['modules']): Generator<VeneerRow> {
  for (const module of names) for (const veneer of modules.get(module)?.veneers ?? []) yield { veneer, module };
}

function sitesTouched({ keys }: StaticCallsView, { sites, calls }: Touched): ReadonlySet<Hex> {
  if (calls.size === 0) return sites;
  const all = new Set(sites);
  for (const name of calls) {
    for (const link of keys.get(name)?.chain ?? []) for (const site of link.sites) all.add(site.address);
  }
  return all;
}

/** Brings the rows of these addresses to what `rows` has of them; whether there were any. */
function updateRows<T extends Columns, Row>(
  table: Ordered<T, Row>,
  addresses: ReadonlySet<Hex>,
  rows: ReadonlyMap<Hex, Row>,
): boolean {
  const gone: number[] = [];
  const fresh: Row[] = [];
  for (const address of addresses) {
    const index = table.indexOf(fromHex(address));
    const row = rows.get(address);
    if (row !== undefined && index >= 0) table.write(index, row);
    else if (row !== undefined) fresh.push(row);
    else if (index >= 0) gone.push(index);
  }
  table.splice(
    gone.sort((a, b) => a - b),
    fresh,
  );
  return addresses.size > 0;
}
