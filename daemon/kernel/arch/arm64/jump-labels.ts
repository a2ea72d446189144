/**
 * Branches on static keys of vmlinux that are no longer in their first state when a module comes.
 * Models kernel/jump_label.c `jump_label_add_module` and arch/arm64/kernel/jump_label.c, v6.1 and v6.12.
 *
 * Of the keys of vmlinux a machine tells only those that follow from CPU capabilities: `cpu_hwcap_keys` and
 * `arm64_const_caps_ready` (6.1). All others count as being in their first state, as the compiler laid the branch out.
 */
import type { PlacedModule } from '../arch.ts';
import { type FindSpot, placedSection } from '../placed-memory.ts';
import { encode, INSN, NOP } from './insn.ts';

/** struct jump_entry: code, target and key, each relative to itself; the key's low bits are flags. */
const ENTRY_SIZE = 16;
const TARGET = 4;
const KEY = 8;
const BRANCH = 1;
const TWO_32 = 2 ** 32;
/** struct static_key. */
const KEY_SIZE = 16;

/** True for a key, given by address, that started false and is true now. */
export type IsSwitchedOn = (key: number) => boolean;

export const switchedOnByCaps = (
  cpuCaps: bigint,
  hwcapKeys: number | undefined,
  capsReady: number | undefined,
): IsSwitchedOn => {
  const count = cpuCaps.toString(2).length;
  return (key) => {
    if (key === capsReady) return true;
    if (hwcapKeys === undefined) return false;
    const cap = (key - hwcapKeys) / KEY_SIZE;
    return Number.isInteger(cap) && cap >= 0 && cap < count && ((cpuCaps >> BigInt(cap)) & 1n) === 1n;
  };
};

export const initJumpLabels = (placed: PlacedModule, find: FindSpot, isSwitchedOn: IsSwitchedOn): void => {
  const table = placedSection(placed, '__jump_table');
  if (!table) return;
  const { view, address } = table;
  for (let at = 0; at + ENTRY_SIZE <= view.byteLength; at += ENTRY_SIZE) {
    const low = view.getUint32(at + KEY, true);
    const key = address + at + KEY + view.getInt32(at + KEY + 4, true) * TWO_32 + (low - (low & 3));
    if (!isSwitchedOn(key)) continue;
    const code = address + at + view.getInt32(at, true);
    const target = address + at + TARGET + view.getInt32(at + TARGET, true);
    const jumps = (low & BRANCH) === 0;
    const word = jumps ? encode(INSN.b, { target }, code) : NOP;
    const spot = find(code);
    if (spot && spot.bytes >= 4 && word !== undefined) spot.view.setUint32(spot.at, word, true);
  }
};
