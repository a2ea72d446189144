/** Static-call keys that a kernel image does not have, at places of the image: calls to any function can become static calls. */
import { fromHex, type Hex, toHex } from './address.ts';
import type { KeyProfile, MachineProfile } from './profile.ts';

/** Bytes before the end of the image's text, and of its data, from which on a key is put that the kernel does not have. */
const PLACES = { tramp: 0x8000, key: 0x30000, literal: 0x28000 } as const;
const SIZES = { tramp: 16, key: 32, literal: 8 } as const;

/** A key for calls to `symbol` (arm64), at places of the image where none of `keys` is. */
export function inventedKey(
  { kernel }: Pick<MachineProfile, 'kernel'>,
  keys: Readonly<Record<string, KeyProfile>>,
  symbol: string,
): KeyProfile {
  const taken = new Set(Object.values(keys).flatMap(({ address, tramp, literal }) => [address, tramp, literal]));
  const place = (kind: keyof typeof PLACES, end: Hex): Hex => {
    const start = fromHex(end) - PLACES[kind];
    for (let slot = 0; ; slot++) {
      const address = toHex(start + slot * SIZES[kind]);
      if (!taken.has(address)) return address;
    }
  };
  return {
    symbol,
    func: symbol,
    tramp: place('tramp', kernel.etext),
    address: place('key', kernel.end),
    literal: place('literal', kernel.end),
  };
}
