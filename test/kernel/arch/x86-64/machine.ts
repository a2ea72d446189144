/** A machine's facts that decide how sites and trampolines read. */
import { type Profile, readProfile } from '../../../../daemon/kernel/profile.ts';
import { toHex } from '../../../../protocol/address.ts';
import type { MachineProfile } from '../../../../protocol/profile.ts';

export const TEXT = -0x7f000000; // 0xffffffff81000000
export const COMPILED_THUNK = TEXT + 0xe01d30;
export const RETURN0 = TEXT + 0x25de90;
export const PLAIN_RETURN = TEXT + 0x3ea60;

export const THUNKS = {
  none: { name: '__x86_return_thunk', address: COMPILED_THUNK, enabled: false },
  srso: { name: 'srso_alias_return_thunk', address: TEXT + 0xe01780, enabled: true },
  its: { name: 'its_return_thunk', address: TEXT + 0xe01d40, enabled: true },
} as const;
export type Thunk = keyof typeof THUNKS;

export const profileOf = (
  layout: MachineProfile['layout'],
  thunk: Thunk,
  change: Partial<MachineProfile> = {},
): Profile => {
  const { name, address, enabled } = THUNKS[thunk];
  return readProfile({
    arch: 'x86-64',
    layout,
    pageSize: 4096,
    kallsymsAll: true,
    kernel: { text: toHex(TEXT), etext: toHex(TEXT + 0xe02000), end: toHex(TEXT + 0x3430000) },
    moduleRegion: { direct: { start: '0xffffffffc0000000', end: '0xffffffffff000000' } },
    reserved: [],
    symbols: {
      __x86_return_thunk: toHex(COMPILED_THUNK),
      __static_call_return0: toHex(RETURN0),
      __static_call_return: toHex(PLAIN_RETURN),
    },
    returnThunk: { name, address: toHex(address), enabled },
    ...change,
  });
};
