/**
 * Static calls in the life of a module: its sites join their keys at COMING and leave at GOING.
 * Models kernel/static_call_inline.c `static_call_add_module`, `__static_call_init`, `static_call_del_module`, v6.1 and
 * v6.12, and the order in which the module notifier calls them.
 */
import { toHex } from '../../../protocol/address.ts';
import type { EventOf } from '../../../protocol/events/index.ts';
import { SITE_INIT, SITE_TAIL } from '../../../protocol/events/static-call.ts';
import type { KernelError } from '../arch/arch.ts';
import { KernelBug } from '../arch/kernel-bug.ts';
import { codeOf } from '../arch/static-call.ts';
import { type Draft, emit } from '../loader/draft.ts';
import type { Profile } from '../profile.ts';
import { callsOf, keyOf, reader, retireTramp, transformSite, whileCalling } from './patch.ts';
import { kernelSort } from './sort.ts';
import { type Key, type Site, VMLINUX } from './state.ts';

/** A key that a module defines, as its memory holds it. */
export interface ModuleKey {
  readonly name: string;
  readonly address: number;
  readonly func: number;
  readonly tramp: number;
  readonly trampBytes: Uint8Array;
}

/** A site of a module's table, in the order of the file. */
export interface ModuleSite {
  readonly address: number;
  /** What the table names: a key, or the trampoline of one that is not exported. */
  readonly names: number;
  readonly tail: boolean;
  readonly init: boolean;
  readonly bytes: Uint8Array;
  /** The PLT entry that its call goes to. */
  readonly veneer: number | undefined;
}

export interface ModuleStaticCalls {
  readonly keys: readonly ModuleKey[];
  readonly sites: readonly ModuleSite[];
}

/** The words of the notifier, whatever went wrong. */
const NO_MEMORY = 'Failed to allocate memory for static calls';

/** The module's keys exist: they came with its data. */
export function addKeys(draft: Draft, module: string, keys: readonly ModuleKey[]): void {
  if (keys.length === 0) return;
  const { arch } = callsOf(draft);
  emit(draft, {
    type: 'StaticCallKeysAdded',
    module,
    keys: keys.map(({ name, address, func, tramp, trampBytes }) => {
      const bytes = codeOf(trampBytes);
      const callee = arch.callee({ address, func, tramp, literal: undefined, orig: undefined });
      return {
        name: `${module}:${name}`,
        address: toHex(address),
        func: toHex(func),
        calls: callee === undefined ? null : toHex(callee),
        tramp: toHex(tramp),
        bytes,
        text: arch.text(tramp, bytes),
      };
    }),
  });
}

/** The module's keys went with its data. */
export function dropKeys(draft: Draft, module: string): void {
  const keys = callsOf(draft).keysOf.get(module);
  if (keys) emit(draft, { type: 'StaticCallKeysGone', module, keys: [...keys] });
}

/** MODULE_STATE_COMING. `failAllocation`: which allocation of a node finds no memory. */
export function addModule(
  draft: Draft,
  profile: Profile,
  module: string,
  sites: readonly ModuleSite[],
  failAllocation: number | undefined,
): KernelError | undefined {
  if (sites.length === 0) return undefined;
  // 1. A site names a key, or the trampoline of one that is not exported.
  const table: Entry[] = [];
  for (const site of sites) {
    if (site.bytes.length === 0) {
      const words = `${module}: static call site at ${toHex(site.address)} is outside the module's memory`;
      return { errno: 'ENOEXEC', words };
    }
    const key = lookUp(draft, profile, site.names);
    if (!key) {
      const words = `Failed to fixup __raw_static_call() usage at: ${toHex(site.address)}`;
      return { errno: 'EINVAL', words: `${words}\n${NO_MEMORY}` };
    }
    table.push({ site, key });
  }
  // 2. Sort by key.
  kernelSort(profile.layout, table, (a, b) => compareAddresses(a.key.address, b.key.address));
  // 3. A node for each key, then its sites.
  const error = linkAll(draft, module, table, failAllocation);
  if (error) freeNodes(draft, module);
  return error;
}

function linkAll(
  draft: Draft,
  module: string,
  table: readonly Entry[],
  failAllocation: number | undefined,
): KernelError | undefined {
  const memory: Memory = { allocations: 0, fails: failAllocation };
  try {
    emit(draft, sortedEvent(draft, module, table));
    if (!callsOf(draft).arch.inline) return undefined;
    for (const [name, mine] of callsOf(draft).tables.get(module) ?? []) {
      if (!linkNode(draft, module, name, mine, memory)) return { errno: 'ENOMEM', words: NO_MEMORY };
      const key = keyOf(draft, name);
      for (const site of mine) transformSite(draft, key, module, site);
    }
    return undefined;
  } catch (error) {
    // The kernel stops here for good; a module that names no calls as its sites must not stop the model.
    if (error instanceof KernelBug) return { errno: 'ENOEXEC', words: `kernel BUG: ${error.message}` };
    throw error;
  }
}

/** MODULE_STATE_GOING, and the clean-up of a failed COMING: the module's nodes leave the lists, its sites stay as they are. */
export function freeNodes(draft: Draft, module: string): void {
  const calls = callsOf(draft);
  const keys: string[] = [];
  for (const name of calls.tables.get(module)?.keys() ?? []) {
    if (calls.keys.get(name)?.mods.some(({ owner }) => owner === module)) keys.push(name);
  }
  if (keys.length > 0) emit(draft, { type: 'SiteModsFreed', module, keys });
}

interface Entry {
  readonly site: ModuleSite;
  readonly key: Key;
}

interface Memory {
  allocations: number;
  readonly fails: number | undefined;
}

function lookUp(draft: Draft, { trampKeys }: Profile, address: number): Key | undefined {
  const { keys, byAddress } = callsOf(draft);
  const name = byAddress.get(address) ?? trampKeys.get(address);
  return name === undefined ? undefined : keys.get(name);
}

/** As the unsigned pointers that they are. */
function compareAddresses(a: number, b: number): number {
  if (a < 0 !== b < 0) return a < 0 ? 1 : -1;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Allocates and links the module's node of one key; the kernel's own sites get theirs first. False: no memory. */
function linkNode(draft: Draft, module: string, name: string, sites: readonly Site[], memory: Memory): boolean {
  const allocate = (): boolean => {
    memory.allocations++;
    if (memory.allocations !== memory.fails) return true;
    const { allocations: allocation } = memory;
    emit(draft, { type: 'SiteModAllocationFailed', key: name, module, allocation, words: NO_MEMORY });
    return false;
  };
  const { own, mods } = keyOf(draft, name);
  const first = !own && mods.length === 0;
  if (!allocate()) return false;
  if (own) {
    emit(draft, { type: 'SiteModAllocated', key: name, owner: VMLINUX, sites: own.sites.length });
    if (!allocate()) return false;
  }
  emit(draft, { type: 'SiteModAllocated', key: name, owner: module, sites: sites.length });
  const [site] = sites;
  if (first && site) retireTramp(draft, keyOf(draft, name), module, site);
  return true;
}

function sortedEvent(draft: Draft, module: string, table: readonly Entry[]): EventOf<'StaticCallSitesSorted'> {
  const { arch } = callsOf(draft);
  const read = reader(draft);
  const runs: EventOf<'StaticCallSitesSorted'>['runs'] = [];
  let sites: EventOf<'StaticCallSitesSorted'>['runs'][number]['sites'] = [];
  let last: Key | undefined;
  for (const { key, site } of table) {
    if (key !== last) {
      sites = [];
      runs.push({ key: key.name, sites });
      last = key;
    }
    const { address, tail, init, veneer } = site;
    const bytes = codeOf(site.bytes);
    const route = arch.route(address, key, (at, size) => (at === address ? bytes.slice(0, size * 2) : read(at, size)));
    const { class: kind, hops } = whileCalling(route);
    const flags = (tail ? SITE_TAIL : 0) | (init ? SITE_INIT : 0);
    sites.push([toHex(address), flags, bytes, kind, hops, veneer === undefined ? null : toHex(veneer)]);
  }
  return { type: 'StaticCallSitesSorted', module, runs };
}
