/** The part of the fold that shows static calls: keys, their chains of site_mods, sites and what calls go through. */
import { fromHex, type Hex } from '../address.ts';
import type { Event, EventOf } from '../events/index.ts';
import type { CallClass } from '../events/static-call.ts';
import { SITE_INIT } from '../site-flags.ts';

/** A site as it stands. */
export interface CallSite {
  readonly address: Hex;
  /** 1 TAIL, 2 INIT. */
  readonly flags: number;
  /** Null: its text is gone. */
  bytes: string | null;
  /** While the key calls something; else nothing is called, whatever the site holds. */
  class: CallClass;
  hops: number;
}

export type Classes = Record<CallClass, number>;

/** One owner's sites of a key. */
export interface ChainLink {
  readonly owner: string;
  /** A struct static_call_mod. False: the kernel's own, hanging on the key by its tag bit, or sites that nobody patches. */
  node: boolean;
  readonly sites: readonly CallSite[];
  /** Sites by class; those in init text that is gone count nowhere. */
  readonly classes: Classes;
}

export interface StaticCallKey {
  readonly name: string;
  readonly owner: string;
  readonly address: Hex;
  func: Hex;
  /** Where a call arrives; null: nothing is called. */
  calls: Hex | null;
  readonly tramp: Hex;
  /** The trampoline's bytes, as assembler. */
  text: string;
  bytes: string;
  readonly literal: Hex | null;
  orig: Hex | null;
  /** Newest first. */
  readonly chain: ChainLink[];
  patches: number;
  updates: number;
}

/** What static calls did since boot. */
export interface StaticCallsEver {
  updates: number;
  patches: number;
  /** Patches that stop all CPUs. */
  stopMachine: number;
  strays: number;
  failedAllocations: number;
}

export interface StaticCallsView {
  readonly keys: Map<string, StaticCallKey>;
  readonly ever: StaticCallsEver;
  /** Derived: the links of an owner, and each site with its link. */
  readonly links: Map<string, Map<string, ChainLink>>;
  readonly sites: Map<Hex, { readonly site: CallSite; readonly link: ChainLink; readonly key: string }>;
}

/** What is sent and stored of it. */
export interface StaticCallsJson {
  readonly keys: readonly StaticCallKey[];
  readonly ever: StaticCallsEver;
}

export function noStaticCallsView(): StaticCallsView {
  const ever = { updates: 0, patches: 0, stopMachine: 0, strays: 0, failedAllocations: 0 };
  return { keys: new Map(), ever, links: new Map(), sites: new Map() };
}

export function staticCallsJson({ keys, ever }: StaticCallsView): StaticCallsJson {
  return { keys: [...keys.values()], ever };
}

export function staticCallsFromJson({ keys, ever }: StaticCallsJson): StaticCallsView {
  const view: StaticCallsView = { ...noStaticCallsView(), ever };
  for (const key of keys) {
    view.keys.set(key.name, key);
    for (const link of key.chain) index(view, key.name, link);
  }
  return view;
}

/** How many sites are of each class, of one owner or of all. */
export function callClasses(view: StaticCallsView | StaticCallsJson, owner?: string): Classes {
  const sum = noClasses();
  for (const key of view.keys.values()) addClasses(sum, classesOf(key, owner));
  return sum;
}

/** The sites of a key by class; where it calls nothing, neither does any of them. */
export function classesOf({ chain, calls }: StaticCallKey, owner?: string): Classes {
  const sum = noClasses();
  for (const link of chain) {
    if (owner !== undefined && link.owner !== owner) continue;
    for (const kind of CLASSES) sum[calls === null ? 'none' : kind] += link.classes[kind];
  }
  return sum;
}

export const CLASSES: readonly CallClass[] = ['direct', 'veneer', 'veneers', 'trapped', 'none'];

export const noClasses = (): Classes => ({ direct: 0, veneer: 0, veneers: 0, trapped: 0, none: 0 });

export function addClasses(into: Classes, from: Classes): Classes {
  for (const kind of CLASSES) into[kind] += from[kind];
  return into;
}

/** Folds an event that has to do with static calls; others change nothing. */
export function foldStaticCalls(view: StaticCallsView, event: Event): void {
  switch (event.type) {
    case 'StaticCallKeysAdded':
      for (const key of event.keys) view.keys.set(key.name, newKey(event.module, key));
      return;
    case 'StaticCallKeysGone':
      for (const name of event.keys) view.keys.delete(name);
      return;
    case 'StaticCallSitesSorted':
      for (const run of event.runs) addLink(view, event.module, run);
      return;
    case 'SiteModAllocated': {
      const link = view.links.get(event.owner)?.get(event.key);
      if (link) link.node = true;
      return;
    }
    case 'SiteModAllocationFailed':
      view.ever.failedAllocations++;
      return;
    case 'SiteModsFreed':
      for (const name of event.keys) unlink(view, name, event.module);
      return;
    case 'StaticCallFuncSet': {
      const key = keyOf(view, event.key);
      key.func = event.to;
      key.calls = event.calls;
      key.updates++;
      view.ever.updates++;
      return;
    }
    case 'StaticCallFuncKept':
      view.ever.updates++;
      return;
    case 'StaticCallOrigRecorded':
      keyOf(view, event.key).orig = event.orig;
      return;
    case 'StaticCallPatched':
      patched(view, event);
      return;
    case 'StaticCallStrayed': {
      const found = view.sites.get(event.site);
      if (found) reclass(found.link, found.site, 'trapped', event.hops);
      view.ever.strays++;
      return;
    }
    case 'StaticCallSitesRerouted':
      for (const [, address, kind, hops] of event.sites) {
        const found = view.sites.get(address);
        if (found) reclass(found.link, found.site, kind, hops);
      }
      return;
    case 'ModuleLive':
      initGone(view, event.module);
      return;
    case 'ModuleGone':
      ownerGone(view, event.module);
      return;
    default:
      return;
  }
}

function keyOf(view: StaticCallsView, name: string): StaticCallKey {
  const key = view.keys.get(name);
  if (!key) throw new RangeError(`an event names the key ${name}, which the log did not add`);
  return key;
}

function newKey(owner: string, key: EventOf<'StaticCallKeysAdded'>['keys'][number]): StaticCallKey {
  const { literalBytes: _, literal = null, orig = null, ...rest } = key;
  return { ...rest, owner, literal, orig, chain: [], patches: 0, updates: 0 };
}

type Run = EventOf<'StaticCallSitesSorted'>['runs'][number];

function addLink(view: StaticCallsView, owner: string, { key, sites }: Run): void {
  const link: ChainLink = {
    owner,
    node: false,
    sites: sites.map(([address, flags, bytes, kind, hops]) => ({ address, flags, bytes, class: kind, hops })),
    classes: noClasses(),
  };
  for (const site of link.sites) if (site.bytes !== null) link.classes[site.class]++;
  keyOf(view, key).chain.unshift(link);
  index(view, key, link);
}

function index(view: StaticCallsView, key: string, link: ChainLink): void {
  const links = view.links.get(link.owner) ?? new Map<string, ChainLink>();
  links.set(key, link);
  view.links.set(link.owner, links);
  for (const site of link.sites) if (site.bytes !== null) view.sites.set(site.address, { site, link, key });
}

function unlink(view: StaticCallsView, name: string, owner: string): void {
  const chain = view.keys.get(name)?.chain ?? [];
  const at = chain.findIndex((link) => link.owner === owner);
  if (at >= 0) chain.splice(at, 1);
}

function reclass(link: ChainLink, site: CallSite, kind: CallClass, hops: number): void {
  link.classes[site.class]--;
  link.classes[kind]++;
  site.class = kind;
  site.hops = hops;
}

function patched(view: StaticCallsView, event: EventOf<'StaticCallPatched'>): void {
  const key = keyOf(view, event.key);
  key.patches++;
  view.ever.patches++;
  if (event.atomicity === 'stop-machine') view.ever.stopMachine++;
  const [, bytes] = event.bytes;
  if (event.what === 'trampoline') {
    const at = fromHex(event.address) - fromHex(key.tramp);
    key.text = rewritten(key.text, at, event.text);
    key.bytes = over(key.bytes, at, bytes);
    return;
  }
  const found = view.sites.get(event.address);
  if (event.what !== 'site' || !found) return;
  found.site.bytes = over(found.site.bytes ?? '', 0, bytes);
  reclass(found.link, found.site, event.class, event.hops[1]);
}

/** `bytes` with those of `written` from byte `at` on. */
function over(bytes: string, at: number, written: string): string {
  return bytes.slice(0, at * 2) + written + bytes.slice(at * 2 + written.length);
}

/** Bytes of one instruction where a write does not begin with the trampoline's first: only arm64's do that. */
const WORD = 4;

/** Assembler with the instructions from byte `at` on that a patch replaced: it may have left the others alone. */
function rewritten(text: string, at: number, [before, after]: readonly [string, string]): string {
  const instructions = text.split('; ');
  instructions.splice(at / WORD, before.split('; ').length, ...after.split('; '));
  return instructions.join('; ');
}

/** Init text was freed, sites and all. */
function initGone(view: StaticCallsView, module: string): void {
  for (const link of view.links.get(module)?.values() ?? []) {
    for (const site of link.sites) if ((site.flags & SITE_INIT) !== 0) drop(view, link, site);
  }
}

function drop(view: StaticCallsView, link: ChainLink, site: CallSite): void {
  if (site.bytes === null) return;
  link.classes[site.class]--;
  site.bytes = null;
  view.sites.delete(site.address);
}

function ownerGone(view: StaticCallsView, module: string): void {
  for (const [name, link] of view.links.get(module) ?? []) {
    unlink(view, name, module);
    for (const site of link.sites) drop(view, link, site);
  }
  view.links.delete(module);
}
