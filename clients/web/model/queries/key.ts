/** What a scene does not say of a key. */
import { fromHex } from '../../../../protocol/address.ts';
import type { View } from '../../../../protocol/view/types.ts';

export interface KeyDetail {
  /** The trampoline's, hex digits in memory order. */
  readonly bytes: string;
  /** Where the literal is that the trampoline loads its target from; null where the flavour has none. */
  readonly literal: number | null;
}

export function keyQuery({ staticCalls }: View, name: string): KeyDetail | null {
  const key = staticCalls.keys.get(name);
  if (key === undefined) return null;
  return { bytes: key.bytes, literal: key.literal === null ? null : fromHex(key.literal) };
}
