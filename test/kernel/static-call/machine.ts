/** arm64 machines whose static calls are made by the fixture `calls`, which calls three symbols from every kind of section. */
import type { State } from '../../../daemon/kernel/state.ts';
import { toHex } from '../../../protocol/address.ts';
import type { Flavour, MachineProfile } from '../../../protocol/profile.ts';
import { fixture } from '../../fixtures/fixtures.ts';
import { profileOf, START } from '../loader/machine.ts';

export const ARM64_FLAVOURS = ['out-of-line', 'inline-defuse', 'inline-poison', 'literal'] as const;
export const TEXT = START + 2 ** 28;
const MB = 2 ** 20;
const TRAMPS = TEXT + 0x80000;
const KEYS = TEXT + MB + 0x1000;
const LITERALS = TEXT + MB + 0x2000;

/** The symbols that the fixture calls, each a key of that name. */
export const KEY_NAMES = ['_printk', 'kfree', 'kmalloc_trace'] as const;
export type KeyName = (typeof KEY_NAMES)[number];

/** Functions by where they are. */
export const FUNCS = {
  null: '0x0',
  return0: '__static_call_return0',
  image: toHex(TEXT + 0x40000),
  beyond: toHex(TEXT + 300 * MB),
  further: toHex(TEXT - 900 * MB),
} as const;

export const trampOf = (name: KeyName): number => TRAMPS + KEY_NAMES.indexOf(name) * 16;
export const keyAddressOf = (name: KeyName): number => KEYS + KEY_NAMES.indexOf(name) * 0x20;

/** `near`: modules in reach of the image; `far`: all beyond; `mixed`: three modules near, the rest beyond. */
export type Placement = 'near' | 'far' | 'mixed';

const range = (start: number, size: number) => ({ start: toHex(start), end: toHex(start + size) });

export function staticCallProfile(
  staticCall: Flavour,
  placement: Placement,
  more: Partial<MachineProfile> = {},
): MachineProfile {
  const base = profileOf('linux-6.1');
  const names = [...KEY_NAMES, '__static_call_return0'];
  return {
    ...base,
    moduleRegion: {
      direct: placement === 'far' ? null : range(TEXT - 64 * MB, placement === 'near' ? 64 * MB : 24 * 4096),
      fallback: range(TEXT + 256 * MB, 64 * MB),
    },
    symbols: { ...base.symbols, ...Object.fromEntries(names.map((name, i) => [name, toHex(TEXT + 0x1000 + i * 64)])) },
    staticCall,
    staticCalls: {
      keys: Object.fromEntries(
        KEY_NAMES.map((name, i) => [
          name,
          {
            symbol: name,
            func: name,
            tramp: toHex(trampOf(name)),
            address: toHex(keyAddressOf(name)),
            literal: toHex(LITERALS + i * 8),
          },
        ]),
      ),
    },
    ...more,
  };
}

/** The fixture under another name of five letters. */
export function calls(name: string): Uint8Array {
  if (name.length !== 5) throw new RangeError(`${name} must have five letters`);
  const bytes = fixture('calls.ko');
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = text.indexOf('calls\0'); at >= 0; at = text.indexOf('calls\0', at + 1)) text.write(name, at);
  return bytes;
}

/** Owners of a key's nodes, newest first; `vmlinux` alone also where its sites hang on the key itself. */
export function modsOf(state: State, name: string): readonly string[] {
  const key = state.staticCalls?.keys.get(name);
  if (!key) throw new RangeError(`there is no key ${name}`);
  return key.own ? ['vmlinux'] : key.mods.map(({ owner }) => owner);
}
