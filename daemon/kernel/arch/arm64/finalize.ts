/**
 * What the kernel writes into a module between relocation and its init function.
 * Models arch/arm64/kernel/module.c, v6.1 and v6.12: `module_finalize`, `module_init_ftrace_plt`.
 */
import type { KernelError, PlacedModule } from '../arch.ts';
import { spotFinder } from '../placed-memory.ts';
import { applyAlternatives } from './alternatives.ts';
import { findSpecial, ftraceEntries, type Layout } from './frob.ts';
import { initFtraceSites } from './ftrace.ts';
import { initJumpLabels, switchedOnByCaps } from './jump-labels.ts';
import { PLT_ENTRY_SIZE, pltEntry } from './plt.ts';

export interface FinalizeOptions {
  readonly layout: Layout;
  /** Capability n of the CPU is bit n. */
  readonly cpuCaps: bigint;
  /** Addresses of vmlinux by name. What the machine doesn't tell stays as it is in the file. */
  readonly symbols: ReadonlyMap<string, number>;
}

export type FinalizeResult = { readonly ok: true } | { readonly ok: false; readonly error: KernelError };

/**
 * Alternatives, ftrace trampolines and sites, jump labels, in the kernel's order. Refuses with ENOEXEC, without words as the
 * kernel does, when an ftrace trampoline's section is missing.
 */
export const finalize = (placed: PlacedModule, options: FinalizeOptions): FinalizeResult => {
  const { layout, cpuCaps, symbols } = options;
  const find = spotFinder(placed);
  applyAlternatives(placed, find, cpuCaps, symbols.get('alt_cb_patch_nops'));
  if (!initTrampolines(placed, layout, symbols)) return { ok: false, error: { errno: 'ENOEXEC', words: '' } };
  initFtraceSites(placed, find, layout, symbols.get('ftrace_nop_ops'));
  const keys = switchedOnByCaps(cpuCaps, symbols.get('cpu_hwcap_keys'), symbols.get('arm64_const_caps_ready'));
  initJumpLabels(placed, find, keys);
  return { ok: true };
};

const CALLERS = ['ftrace_caller', 'ftrace_regs_caller'];

const initTrampolines = (placed: PlacedModule, layout: Layout, symbols: ReadonlyMap<string, number>): boolean => {
  const found = findSpecial(placed.elf.sections, layout);
  const callers = CALLERS.slice(0, ftraceEntries(layout));
  const sections = layout === 'linux-6.1' ? [found.trampoline] : [found.trampoline, found.initTrampoline];
  for (const section of sections) {
    if (section === 0) return false;
    for (const [entry, name] of callers.entries()) {
      const caller = symbols.get(name);
      if (caller !== undefined) writeTrampoline(placed, section, entry, caller);
    }
  }
  return true;
};

const writeTrampoline = (placed: PlacedModule, section: number, entry: number, caller: number): void => {
  const bytes = placed.memory[section];
  const address = placed.sectionAddress[section];
  if (!bytes || address === undefined) return;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const offset = entry * PLT_ENTRY_SIZE;
  for (const [i, word] of pltEntry(caller, address + offset).entries()) view.setUint32(offset + i * 4, word, true);
};
