/**
 * Keys, their lists of site_mods, site tables and the text that static calls patch, as values.
 * Models struct static_call_key, static_call_mod and static_call_site of include/linux/static_call_types.h and
 * static_call.h, v6.1 and v6.12.
 */
import type { Code, KeyFacts, SiteFacts, StaticCallArch } from '../arch/static-call.ts';
import { longCode } from '../arch/static-call.ts';
import { VersionedMap } from '../versioned-map.ts';

export const VMLINUX = 'vmlinux';

export interface Site extends SiteFacts {
  /** In init text: gone when that is freed. */
  readonly init: boolean;
}

/** One owner's sites of one key, in the order of its table: what a struct static_call_mod points at. */
export interface SiteMod {
  readonly owner: string;
  readonly sites: readonly Site[];
}

export interface Key extends KeyFacts {
  readonly name: string;
  readonly owner: string;
  /** The kernel's own sites while they hang directly on the key (bit 0 of its type). */
  readonly own: SiteMod | undefined;
  /** The list, newest first. */
  readonly mods: readonly SiteMod[];
}

export interface StaticCalls {
  readonly arch: StaticCallArch;
  readonly keys: VersionedMap<string, Key>;
  /** Names of keys by the key's address. */
  readonly byAddress: VersionedMap<number, string>;
  /** Names of keys by the trampoline's address. */
  readonly byTramp: VersionedMap<number, string>;
  /** Names of the keys that a module defines, by module. */
  readonly keysOf: VersionedMap<string, readonly string[]>;
  /** Site tables by owner: the sites of each key, in final order. */
  readonly tables: VersionedMap<string, ReadonlyMap<string, readonly Site[]>>;
  /** Modules whose init text was freed: others may have sites where theirs were. */
  readonly initFreed: VersionedMap<string, true>;
  /** What stands at sites, trampolines, literals and the PLT entries that lead to trampolines, by address. */
  readonly text: VersionedMap<number, Code>;
  /** PLT entries in `text`, by module. */
  readonly veneers: VersionedMap<string, readonly { readonly address: number; readonly init: boolean }[]>;
}

export function noStaticCalls(arch: StaticCallArch): StaticCalls {
  return {
    arch,
    keys: new VersionedMap(),
    byAddress: new VersionedMap(),
    byTramp: new VersionedMap(),
    keysOf: new VersionedMap(),
    tables: new VersionedMap(),
    initFreed: new VersionedMap(),
    text: new VersionedMap(),
    veneers: new VersionedMap(),
  };
}

/** `size` bytes at `address`; undefined where static calls know nothing of them. A key's own word is its func. */
export function readText(
  { arch, keys, byAddress, text }: StaticCalls,
  address: number,
  size: number,
): Code | undefined {
  let code = text.get(address);
  if (code !== undefined) {
    if (arch.granule === 0) return code.slice(0, size * 2);
    for (let at = arch.granule; at < size; at += arch.granule) {
      const piece = text.get(address + at);
      if (piece === undefined) return undefined;
      code += piece;
    }
    return code;
  }
  const name = byAddress.get(address);
  const key = name === undefined ? undefined : keys.get(name);
  return key && size === 8 ? longCode(key.func) : undefined;
}

type Text = StaticCalls['text'];

/** `text` after `code` was written at `address`. */
export function writeText(text: Text, granule: StaticCallArch['granule'], address: number, code: Code): Text {
  if (granule === 0) {
    const before = text.get(address) ?? '';
    return text.set(address, code + before.slice(code.length));
  }
  let after = text;
  for (let at = 0; at * 2 < code.length; at += granule) {
    after = after.set(address + at, code.slice(at * 2, (at + granule) * 2));
  }
  return after;
}

/** Forgets what stands at `address`. */
export function forget(text: Text, granule: StaticCallArch['granule'], address: number, size: number): Text {
  if (granule === 0) return text.delete(address);
  let after = text;
  for (let at = 0; at < size; at += granule) after = after.delete(address + at);
  return after;
}
