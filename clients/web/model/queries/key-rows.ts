/**
 * The rows of the panel of keys that are on its screen: keys, the owners of sites in the order of the list, sites. What is
 * open and how far it is scrolled comes with the question, so that the page never holds more than it shows.
 */
import { fromHex } from '../../../../protocol/address.ts';
import type { CallClass } from '../../../../protocol/events/static-call.ts';
import {
  type CallSite,
  type ChainLink,
  CLASSES,
  classesOf,
  type StaticCallKey,
} from '../../../../protocol/view/static-call.ts';
import type { View } from '../../../../protocol/view/types.ts';

export const KEY_SORTS = ['name', 'sites', 'patches'] as const;
export type KeySort = (typeof KEY_SORTS)[number];

export interface KeyRowsQuestion {
  /** Words that the name of a key, or of an owner of its sites, has to hold. */
  readonly search: string;
  readonly sort: KeySort;
  /** Row ids that are open. */
  readonly open: readonly string[];
  /** CSS pixels. */
  readonly top: number;
  readonly height: number;
  /** A row whose place is asked for. */
  readonly show: string | null;
}

interface Where {
  readonly id: string;
  readonly top: number;
  readonly height: number;
}

export interface KeyLine extends Where {
  readonly kind: 'key';
  readonly name: string;
  readonly open: boolean;
  readonly address: number;
  readonly func: number;
  /** Null: nothing is called. */
  readonly calls: number | null;
  readonly tramp: number;
  readonly text: string;
  readonly orig: number | null;
  readonly classes: readonly number[];
  readonly owners: number;
  readonly nodes: number;
  readonly sites: number;
  readonly patches: number;
  readonly updates: number;
  /** The newest owners, as the list has them. */
  readonly chain: readonly string[];
}

export interface OwnerLine extends Where {
  readonly kind: 'owner';
  readonly key: string;
  readonly owner: string;
  readonly open: boolean;
  readonly node: boolean;
  readonly sites: number;
  readonly classes: readonly number[];
  /** The commit that brought the owner; 0 for vmlinux. */
  readonly since: number;
}

export interface SiteLine extends Where {
  readonly kind: 'site';
  readonly key: string;
  readonly address: number;
  readonly flags: number;
  readonly bytes: string | null;
  readonly class: CallClass;
  readonly hops: number;
  /** Signed bytes to key.func; null where nothing is called. */
  readonly distance: number | null;
}

export type Line = KeyLine | OwnerLine | SiteLine;

export interface KeyRowsAnswer {
  readonly commit: number;
  readonly keys: number;
  /** Of them, those that the search let through. */
  readonly found: number;
  readonly height: number;
  readonly rows: readonly Line[];
  readonly shown: Where | null;
}

/** CSS pixels; keys.css has the same. */
export const KEY_HEIGHT = 92;
/** The names of a list that is closed. */
export const CHAIN_HEIGHT = 18;
export const OWNER_HEIGHT = 26;
export const SITE_HEIGHT = 24;
const CHAIN_SHOWN = 6;

export const keyId = (key: string): string => `key ${key}`;
const OWNER = 'owner ';
/** A session can hold any name: the first blank ends the key. */
export const ownerId = (key: string, owner: string): string =>
  `${OWNER}${key.replaceAll('%', '%25').replaceAll(' ', '%20')} ${owner}`;
const SITE = 'site ';
export const siteId = (address: string): string => `${SITE}${address}`;

export function keyRowsQuery(view: View, question: KeyRowsQuestion): KeyRowsAnswer {
  const { search, sort, top, height, show } = question;
  const open = new Set(question.open);
  const openOwners = ownersByKey(show === null ? question.open : [...question.open, show]);
  const all = [...view.staticCalls.keys.values()];
  const found = sorted(all.filter(matching(search)), sort);
  const rows: Line[] = [];
  const bottom = top + height;
  let shown: Where | null = null;
  let y = 0;

  /** Takes the room of so many rows of one height, and makes those that somebody sees. */
  function place(
    count: number,
    tall: number,
    idOf: (index: number) => string,
    make: (where: Where, index: number) => Line,
  ) {
    const first = Math.max(0, Math.floor((top - y) / tall));
    const end = Math.min(count, Math.ceil((bottom - y) / tall));
    for (let i = first; i < end; i++) rows.push(make({ id: idOf(i), top: y + i * tall, height: tall }, i));
    y += count * tall;
  }

  function placeOne(id: string, tall: number, make: (where: Where) => Line): void {
    if (id === show) shown = { id, top: y, height: tall };
    place(1, tall, () => id, make);
  }

  function placeSites({ name, calls }: StaticCallKey, { sites }: ChainLink): void {
    const index = show?.startsWith(SITE) ? sites.findIndex(({ address }) => siteId(address) === show) : -1;
    if (show !== null && index >= 0) shown = { id: show, top: y + index * SITE_HEIGHT, height: SITE_HEIGHT };
    const target = calls === null ? null : fromHex(calls);
    const idOf = (i: number): string => siteId(sites[i]?.address ?? '');
    place(sites.length, SITE_HEIGHT, idOf, (where, i) => siteLine(where, name, sites[i] as CallSite, target));
  }

  function placeChain(key: StaticCallKey): void {
    const { name, chain } = key;
    const make = (where: Where, link: ChainLink): Line => ownerLine(where, key, link, open.has(where.id), view);
    const special = openOwners.get(name);
    // Lists are long, and hardly any row of them is open: those between are stepped over.
    let from = 0;
    const upTo = (end: number): void => {
      const start = from;
      place(
        end - start,
        OWNER_HEIGHT,
        (i) => ownerId(name, chain[start + i]?.owner ?? ''),
        (where, i) => make(where, chain[start + i] as ChainLink),
      );
      from = end;
    };
    for (let i = 0; special !== undefined && i < chain.length; i++) {
      const link = chain[i] as ChainLink;
      if (!special.has(link.owner)) continue;
      upTo(i);
      const id = ownerId(name, link.owner);
      placeOne(id, OWNER_HEIGHT, (where) => make(where, link));
      if (open.has(id)) placeSites(key, link);
      from = i + 1;
    }
    upTo(chain.length);
  }

  for (const key of found) {
    const id = keyId(key.name);
    const isOpen = open.has(id);
    placeOne(id, KEY_HEIGHT + (isOpen ? 0 : CHAIN_HEIGHT), (where) => keyLine(where, key, isOpen));
    if (isOpen) placeChain(key);
  }
  return { commit: view.commit, keys: all.length, found: found.length, height: y, rows, shown };
}

/** Of row ids, those of owners. */
function ownersByKey(ids: readonly string[]): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>();
  for (const id of ids) {
    if (!id.startsWith(OWNER)) continue;
    const end = id.indexOf(' ', OWNER.length);
    const key = id.slice(OWNER.length, end).replaceAll('%20', ' ').replaceAll('%25', '%');
    const owner = id.slice(end + 1);
    const owners = found.get(key) ?? new Set();
    owners.add(owner);
    found.set(key, owners);
  }
  return found;
}

function matching(search: string): (key: StaticCallKey) => boolean {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  return ({ name, chain }) =>
    words.every((word) => name.toLowerCase().includes(word) || chain.some(({ owner }) => owner.includes(word)));
}

function sorted(keys: StaticCallKey[], sort: KeySort): readonly StaticCallKey[] {
  const byName = (a: StaticCallKey, b: StaticCallKey): number => (a.name < b.name ? -1 : 1);
  if (sort === 'name') return keys.sort(byName);
  const weight = new Map(keys.map((key) => [key, sort === 'sites' ? siteCount(key) : key.patches]));
  return keys.sort((a, b) => (weight.get(b) ?? 0) - (weight.get(a) ?? 0) || byName(a, b));
}

function siteCount({ chain }: StaticCallKey): number {
  let sum = 0;
  for (const { sites } of chain) sum += sites.length;
  return sum;
}

function keyLine(where: Where, key: StaticCallKey, open: boolean): KeyLine {
  const classes = classesOf(key);
  let nodes = 0;
  for (const link of key.chain) if (link.node) nodes++;
  return {
    ...where,
    kind: 'key',
    name: key.name,
    open,
    address: fromHex(key.address),
    func: fromHex(key.func),
    calls: key.calls === null ? null : fromHex(key.calls),
    tramp: fromHex(key.tramp),
    text: key.text,
    orig: key.orig === null ? null : fromHex(key.orig),
    classes: CLASSES.map((name) => classes[name]),
    owners: key.chain.length,
    nodes,
    sites: siteCount(key),
    patches: key.patches,
    updates: key.updates,
    chain: key.chain.slice(0, CHAIN_SHOWN).map(({ owner }) => owner),
  };
}

function ownerLine(where: Where, key: StaticCallKey, link: ChainLink, open: boolean, { modules }: View): OwnerLine {
  const none = key.calls === null;
  const live = CLASSES.reduce((sum, name) => sum + link.classes[name], 0);
  return {
    ...where,
    kind: 'owner',
    key: key.name,
    owner: link.owner,
    open,
    node: link.node,
    sites: link.sites.length,
    classes: CLASSES.map((name) => (none ? (name === 'none' ? live : 0) : link.classes[name])),
    since: modules.get(link.owner)?.since ?? 0,
  };
}

function siteLine(where: Where, key: string, site: CallSite, calls: number | null): SiteLine {
  const address = fromHex(site.address);
  return {
    ...where,
    kind: 'site',
    key,
    address,
    flags: site.flags,
    bytes: site.bytes,
    class: calls === null ? 'none' : site.class,
    hops: site.hops,
    distance: calls === null ? null : calls - address,
  };
}
