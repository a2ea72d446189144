/** What a scene does not say of a key. */
import { fromHex } from '../../../../protocol/address.ts';
import type { View } from '../../../../protocol/view/types.ts';

export interface KeyDetail {
  /** The trampoline's, hex digits in memory order. */
  readonly bytes: string;
  /** Where the literal is that the trampoline loads its target from; null where the flavour has none. */
  readonly literal: number | null;
  readonly nodes: number;
  readonly sites: number;
  /** The newest owners of sites, as the list has them. */
  readonly newest: readonly string[];
}

const NEWEST = 6;

export function keyQuery({ staticCalls }: View, name: string): KeyDetail | null {
  const key = staticCalls.keys.get(name);
  if (key === undefined) return null;
  const { bytes, literal, chain } = key;
  return {
    bytes,
    literal: literal === null ? null : fromHex(literal),
    nodes: chain.filter(({ node }) => node).length,
    sites: chain.reduce((sum, { sites }) => sum + sites.length, 0),
    newest: chain.slice(0, NEWEST).map(({ owner }) => owner),
  };
}
