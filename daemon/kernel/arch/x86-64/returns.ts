/**
 * How this machine returns: a plain `ret`, or a jump to a return thunk that a mitigation put in place.
 * Models arch/x86/kernel/alternative.c, v6.1 and v6.12: `cpu_wants_rethunk`, `cpu_wants_rethunk_at`, `patch_return`.
 */
import type { Profile } from '../../profile.ts';
import { branch, INSN } from './insn.ts';

const ITS_THUNK = 'its_return_thunk';
/** ITS: a return in the upper half of a cache line is safe as it is. */
const UPPER_HALF = 0x20;
const PLAIN = Uint8Array.of(...INSN.ret.opcode, ...Array.from({ length: 4 }, () => INSN.int3.opcode).flat());

export interface ReturnThunk {
  /** x86_return_thunk: where returns go. */
  readonly address: number;
  readonly onlyLowerHalf: boolean;
}

/** The thunk that is active, undefined where the machine returns plainly. */
export const activeThunk = ({ returnThunk }: Pick<Profile, 'returnThunk'>): ReturnThunk | undefined =>
  returnThunk?.enabled ? { address: returnThunk.address, onlyLowerHalf: returnThunk.name === ITS_THUNK } : undefined;

/** The five bytes of a return at `address`: `ret` and int3, or a jump to the active thunk. */
export const returnAt = (address: number, thunk: ReturnThunk | undefined): Uint8Array =>
  !thunk || (thunk.onlyLowerHalf && (address & UPPER_HALF) !== 0) ? PLAIN : branch(INSN.jmp, address, thunk.address);
