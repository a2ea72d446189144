/** Tables of a state (versioned-map.ts) as lists in order of their keys, and back. */
import { fromHex, type Hex } from '../../protocol/address.ts';
import { VersionedMap } from './versioned-map.ts';

export function byKey<K extends string | number, V>(table: VersionedMap<K, V>): readonly [K, V][] {
  return [...table.entries()].sort(([a], [b]) => (a < b ? -1 : 1));
}

export function tableOf<K, V>(entries: Iterable<readonly [K, V]>): VersionedMap<K, V> {
  return new VersionedMap(new Map(entries));
}

export function addressed<V>(entries: readonly (readonly [Hex, V])[]): VersionedMap<number, V> {
  return tableOf(entries.map(([address, value]) => [fromHex(address), value]));
}
