/**
 * What the kernel writes into a module between relocation and its init function.
 * Models arch/x86/kernel/module.c `module_finalize`, v6.1 and v6.12, as far as it decides the bytes of sites and trampolines:
 * `apply_returns`, and in it `__static_call_fixup`.
 *
 * Not modelled, in the kernel's order, for no site or trampoline depends on it: paravirt calls (v6.1), FineIBT (v6.12),
 * retpolines, alternatives, call thunks (v6.12), sealed ENDBRs, lock prefixes, the ORC tables' order. Each would be one more
 * step of `finalize`, and alternatives and retpolines would need the CPU's capabilities (`cpuCaps`). A machine with
 * INDIRECT_THUNK_ITS also allocates pages of the module window for retpolines that it inlines, and one with call depth tracking
 * (v6.12) lets calls start before the function: neither is here.
 */
import type { Profile } from '../../profile.ts';
import type { PlacedModule } from '../arch.ts';
import { kernelSymbol, RETURN_THUNK } from '../kernel-symbol.ts';
import { type FindSpot, placedSection, spotFinder } from '../placed-memory.ts';
import { decode, INSN, is } from './insn.ts';
import { activeThunk, returnAt } from './returns.ts';

/** What of the machine decides how its modules return. */
export type FinalizeProfile = Pick<Profile, 'returnThunk' | 'source' | 'symbols'>;

/** Turns each compiled return into the one that this machine uses, the returns of static-call trampolines included. */
export const finalize = (placed: PlacedModule, profile: FinalizeProfile): void => {
  const sites = placedSection(placed, '.return_sites');
  if (!sites) return;
  const { view, address } = sites;
  const find = spotFinder(placed);
  const compiled = kernelSymbol(profile, RETURN_THUNK);
  const thunk = activeThunk(profile);
  for (let at = 0; at + 4 <= view.byteLength; at += 4) {
    const site = address + at + view.getInt32(at, true);
    returnBytes(find, site, compiled)?.set(returnAt(site, thunk));
  }
};

/**
 * The memory from `site` on if it returns there: a jump to the compiled thunk, or in a trampoline also a plain `ret`. The kernel
 * warns of any other and leaves it alone.
 */
const returnBytes = (find: FindSpot, site: number, compiled: number | undefined): Uint8Array | undefined => {
  const spot = find(site);
  if (!spot || spot.bytes < INSN.jmp.length) return undefined;
  const bytes = new Uint8Array(spot.view.buffer, spot.view.byteOffset + spot.at, spot.bytes);
  const jumps = is(INSN.jmp, bytes) && decode(bytes, site)?.operands.target === compiled;
  const inTrampoline = is(INSN.ud1, bytes, INSN.jmp.length);
  return jumps || (inTrampoline && is(INSN.ret, bytes)) ? bytes : undefined;
};
