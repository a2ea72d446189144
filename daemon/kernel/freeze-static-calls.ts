/** The static calls of a frozen state (freeze.ts). Site tables are kept once: nodes name the table that they point into. */
import { fromHex, type Hex, toHex } from '../../protocol/address.ts';
import { SITE_INIT, SITE_TAIL } from '../../protocol/events/static-call.ts';
import type { Code, StaticCallArch } from './arch/static-call.ts';
import { addressed, byKey, tableOf } from './freeze-table.ts';
import type { Key, Site, SiteMod, StaticCalls } from './static-call/state.ts';

/** `veneer`: the PLT entry that relocation made it go through. Flags as in events: 1 TAIL, 2 INIT. */
type FrozenSite = readonly [address: Hex, flags: number, veneer: Hex | null];
/** Without `sites` these are the owner's table of the key. */
interface FrozenMod {
  readonly owner: string;
  readonly sites?: readonly FrozenSite[];
}
interface FrozenKey {
  readonly name: string;
  readonly owner: string;
  readonly address: Hex;
  readonly func: Hex;
  readonly tramp: Hex;
  readonly literal: Hex | null;
  readonly orig: Hex | null;
  readonly own: FrozenMod | null;
  readonly mods: readonly FrozenMod[];
}

export interface FrozenStaticCalls {
  /** By name. */
  readonly keys: readonly FrozenKey[];
  readonly byAddress: readonly (readonly [Hex, string])[];
  readonly byTramp: readonly (readonly [Hex, string])[];
  readonly keysOf: readonly (readonly [module: string, keys: readonly string[]])[];
  readonly tables: readonly (readonly [
    owner: string,
    runs: readonly (readonly [key: string, sites: readonly FrozenSite[]])[],
  ])[];
  readonly initFreed: readonly string[];
  readonly text: readonly (readonly [Hex, Code])[];
  readonly veneers: readonly (readonly [module: string, entries: readonly (readonly [Hex, init: boolean])[]])[];
}

export function freezeStaticCalls(calls: StaticCalls): FrozenStaticCalls {
  const mod = (key: string, { owner, sites }: SiteMod): FrozenMod => {
    return sites === calls.tables.get(owner)?.get(key) ? { owner } : { owner, sites: sites.map(freezeSite) };
  };
  return {
    keys: byKey(calls.keys).map(([name, key]) => ({
      name,
      owner: key.owner,
      address: toHex(key.address),
      func: toHex(key.func),
      tramp: toHex(key.tramp),
      literal: key.literal === undefined ? null : toHex(key.literal),
      orig: key.orig === undefined ? null : toHex(key.orig),
      own: key.own ? mod(name, key.own) : null,
      mods: key.mods.map((one) => mod(name, one)),
    })),
    byAddress: byKey(calls.byAddress).map(([address, name]) => [toHex(address), name]),
    byTramp: byKey(calls.byTramp).map(([address, name]) => [toHex(address), name]),
    keysOf: byKey(calls.keysOf),
    tables: byKey(calls.tables).map(([owner, table]) => {
      return [owner, Array.from(table, ([key, sites]) => [key, sites.map(freezeSite)] as const)];
    }),
    initFreed: byKey(calls.initFreed).map(([module]) => module),
    text: byKey(calls.text).map(([address, code]) => [toHex(address), code]),
    veneers: byKey(calls.veneers).map(([module, entries]) => {
      return [module, entries.map(({ address, init }) => [toHex(address), init] as const)];
    }),
  };
}

export function thawStaticCalls(arch: StaticCallArch, frozen: FrozenStaticCalls): StaticCalls {
  const tables = new Map(
    frozen.tables.map(([owner, runs]) => [owner, new Map(runs.map(([key, sites]) => [key, sites.map(thawSite)]))]),
  );
  const mod = (key: string, { owner, sites }: FrozenMod): SiteMod => {
    return { owner, sites: sites?.map(thawSite) ?? tables.get(owner)?.get(key) ?? [] };
  };
  return {
    arch,
    keys: tableOf(frozen.keys.map((key) => [key.name, thawKey(key, mod)])),
    byAddress: addressed(frozen.byAddress),
    byTramp: addressed(frozen.byTramp),
    keysOf: tableOf(frozen.keysOf),
    tables: tableOf(tables),
    initFreed: tableOf(frozen.initFreed.map((module) => [module, true])),
    text: addressed(frozen.text),
    veneers: tableOf(
      frozen.veneers.map(([module, entries]) => {
        return [module, entries.map(([address, init]) => ({ address: fromHex(address), init }))];
      }),
    ),
  };
}

function thawKey(frozen: FrozenKey, mod: (key: string, mod: FrozenMod) => SiteMod): Key {
  const { name, owner, literal, orig, own, mods } = frozen;
  return {
    name,
    owner,
    address: fromHex(frozen.address),
    func: fromHex(frozen.func),
    tramp: fromHex(frozen.tramp),
    literal: literal === null ? undefined : fromHex(literal),
    orig: orig === null ? undefined : fromHex(orig),
    own: own === null ? undefined : mod(name, own),
    mods: mods.map((one) => mod(name, one)),
  };
}

function freezeSite({ address, tail, init, veneer }: Site): FrozenSite {
  const flags = (tail ? SITE_TAIL : 0) | (init ? SITE_INIT : 0);
  return [toHex(address), flags, veneer === undefined ? null : toHex(veneer)];
}

function thawSite([address, flags, veneer]: FrozenSite): Site {
  return {
    address: fromHex(address),
    tail: (flags & SITE_TAIL) !== 0,
    init: (flags & SITE_INIT) !== 0,
    veneer: veneer === null ? undefined : fromHex(veneer),
  };
}
