/** How events change what is known of static calls. Machines without static calls never come here. */
import { fromHex } from '../../../protocol/address.ts';
import type { Event, EventOf } from '../../../protocol/events/index.ts';
import { SITE_INIT, SITE_TAIL } from '../../../protocol/events/static-call.ts';
import { wordCode } from '../arch/static-call.ts';
import { forget, type Key, type Site, type SiteMod, type StaticCalls, VMLINUX, writeText } from './state.ts';

/** A PLT entry has three words. */
const VENEER_SIZE = 12;

export function evolveStaticCalls(calls: StaticCalls, event: Event): StaticCalls {
  switch (event.type) {
    case 'StaticCallKeysAdded':
      return keysAdded(calls, event);
    case 'StaticCallKeysGone':
      return event.keys.reduce(keyGone, { ...calls, keysOf: calls.keysOf.delete(event.module) });
    case 'StaticCallSitesSorted':
      return sitesSorted(calls, event);
    case 'SiteModAllocated':
      return modAllocated(calls, event);
    case 'SiteModsFreed':
      return event.keys.reduce((all, name) => {
        const { mods } = keyOf(all, name);
        return changeKey(all, name, { mods: mods.filter(({ owner }) => owner !== event.module) });
      }, calls);
    case 'StaticCallFuncSet':
      return changeKey(calls, event.key, { func: fromHex(event.to) });
    case 'StaticCallOrigRecorded':
      return changeKey(calls, event.key, { orig: fromHex(event.orig) });
    case 'StaticCallPatched':
      return { ...calls, text: writeText(calls.text, calls.arch.granule, fromHex(event.address), event.bytes[1]) };
    case 'VeneerWritten':
      return event.kind === 'branch' && calls.byTramp.has(fromHex(event.target)) ? veneerWritten(calls, event) : calls;
    case 'ModuleLive':
      return initGone(calls, event.module);
    case 'ModuleGone':
    case 'ModuleLoadFailed':
      return moduleGone(calls, event.module);
    default:
      return calls;
  }
}

function keyOf({ keys }: StaticCalls, name: string): Key {
  const key = keys.get(name);
  if (!key) throw new RangeError(`an event names the key ${name}, which is not there`);
  return key;
}

function changeKey(calls: StaticCalls, name: string, change: Partial<Key>): StaticCalls {
  return { ...calls, keys: calls.keys.set(name, { ...keyOf(calls, name), ...change }) };
}

function keysAdded(calls: StaticCalls, { module, keys }: EventOf<'StaticCallKeysAdded'>): StaticCalls {
  let after = calls;
  if (module !== VMLINUX)
    after = {
      ...calls,
      keysOf: calls.keysOf.set(
        module,
        keys.map(({ name }) => name),
      ),
    };
  for (const { name, address, func, tramp, bytes, literal, literalBytes, orig } of keys) {
    const key: Key = {
      name,
      owner: module,
      address: fromHex(address),
      func: fromHex(func),
      tramp: fromHex(tramp),
      literal: literal === undefined ? undefined : fromHex(literal),
      orig: orig === undefined ? undefined : fromHex(orig),
      own: undefined,
      mods: [],
    };
    after = {
      ...after,
      keys: after.keys.set(name, key),
      byAddress: after.byAddress.set(key.address, name),
      byTramp: after.byTramp.set(key.tramp, name),
      text: writeText(after.text, calls.arch.granule, key.tramp, bytes),
    };
    if (key.literal !== undefined && literalBytes !== undefined) {
      after = { ...after, text: writeText(after.text, calls.arch.granule, key.literal, literalBytes) };
    }
  }
  return after;
}

function keyGone(calls: StaticCalls, name: string): StaticCalls {
  const { address, tramp } = keyOf(calls, name);
  return {
    ...calls,
    keys: calls.keys.delete(name),
    byAddress: calls.byAddress.delete(address),
    byTramp: calls.byTramp.delete(tramp),
    text: forget(calls.text, calls.arch.granule, tramp, calls.arch.trampSize),
  };
}

function sitesSorted(calls: StaticCalls, { module, runs }: EventOf<'StaticCallSitesSorted'>): StaticCalls {
  const { granule } = calls.arch;
  let { text } = calls;
  const table = new Map<string, readonly Site[]>();
  for (const { key, sites } of runs) {
    const mine: Site[] = [];
    for (const [hex, flags, bytes, , , veneer] of sites) {
      const address = fromHex(hex);
      if (bytes !== null) text = writeText(text, granule, address, bytes);
      const tail = (flags & SITE_TAIL) !== 0;
      const init = (flags & SITE_INIT) !== 0;
      mine.push({ address, tail, init, veneer: veneer === null ? undefined : fromHex(veneer) });
    }
    table.set(key, mine);
  }
  let after: StaticCalls = { ...calls, text, tables: calls.tables.set(module, table) };
  if (module !== VMLINUX) return after;
  for (const [key, sites] of table) after = changeKey(after, key, { own: { owner: VMLINUX, sites } });
  return after;
}

function modAllocated(calls: StaticCalls, { key: name, owner }: EventOf<'SiteModAllocated'>): StaticCalls {
  const key = keyOf(calls, name);
  if (owner === VMLINUX) return key.own ? changeKey(calls, name, { own: undefined, mods: [key.own] }) : calls;
  const mod: SiteMod = { owner, sites: calls.tables.get(owner)?.get(name) ?? [] };
  return changeKey(calls, name, { mods: [mod, ...key.mods] });
}

function veneerWritten(calls: StaticCalls, { module, section, address, words }: EventOf<'VeneerWritten'>): StaticCalls {
  const at = fromHex(address);
  const code = words.map((word) => wordCode(Number.parseInt(word, 16))).join('');
  return {
    ...calls,
    text: writeText(calls.text, calls.arch.granule, at, code),
    veneers: calls.veneers.set(module, [
      ...(calls.veneers.get(module) ?? []),
      { address: at, init: section === '.init.plt' },
    ]),
  };
}

/** Init text was freed: what stood there is no longer known, and others may come to stand there. */
function initGone(calls: StaticCalls, module: string): StaticCalls {
  if (!calls.tables.has(module)) return calls;
  return { ...dropText(calls, module, ({ init }) => init), initFreed: calls.initFreed.set(module, true) };
}

function moduleGone(calls: StaticCalls, module: string): StaticCalls {
  if (!calls.tables.has(module) && !calls.veneers.has(module)) return calls;
  const initFreed = calls.initFreed.has(module);
  const after = dropText(calls, module, ({ init }) => !(init && initFreed));
  return {
    ...after,
    tables: after.tables.delete(module),
    initFreed: after.initFreed.delete(module),
    veneers: after.veneers.delete(module),
  };
}

/** Forgets what stands at those sites and PLT entries of a module that are there no longer. */
function dropText(
  calls: StaticCalls,
  module: string,
  gone: (place: { readonly init: boolean }) => boolean,
): StaticCalls {
  let { text } = calls;
  for (const sites of calls.tables.get(module)?.values() ?? []) {
    for (const site of sites)
      if (gone(site)) text = forget(text, calls.arch.granule, site.address, calls.arch.siteSize);
  }
  for (const veneer of calls.veneers.get(module) ?? []) {
    if (gone(veneer)) text = forget(text, calls.arch.granule, veneer.address, VENEER_SIZE);
  }
  return { ...calls, text };
}
