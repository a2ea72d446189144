/**
 * What the kernel writes into a module between relocation and its init function.
 * Models arch/arm64/kernel/module.c, v6.1 and v6.12: `module_finalize`, `module_init_ftrace_plt`.
 */
import type { KernelError, PlacedModule } from '../arch.ts';
import { findSpecial, ftraceEntries, type Layout } from './frob.ts';
import { PLT_ENTRY_SIZE, pltEntry } from './plt.ts';

export interface FinalizeOptions {
  readonly layout: Layout;
  /** Addresses in vmlinux; undefined where the machine doesn't have the symbol: then that entry stays zero. */
  readonly ftraceCaller: number | undefined;
  readonly ftraceRegsCaller: number | undefined;
}

export type FinalizeResult = { readonly ok: true } | { readonly ok: false; readonly error: KernelError };

/** Writes the ftrace trampolines. Refuses with ENOEXEC, without words as the kernel does, when their section is missing. */
export const finalize = (placed: PlacedModule, options: FinalizeOptions): FinalizeResult => {
  const found = findSpecial(placed.elf.sections, options.layout);
  const callers = [options.ftraceCaller, options.ftraceRegsCaller].slice(0, ftraceEntries(options.layout));
  const wanted = options.layout === 'linux-6.1' ? [found.trampoline] : [found.trampoline, found.initTrampoline];
  for (const section of wanted) {
    if (section === 0) return { ok: false, error: { errno: 'ENOEXEC', words: '' } };
    for (const [entry, caller] of callers.entries()) {
      if (caller !== undefined) writeTrampoline(placed, section, entry, caller);
    }
  }
  return { ok: true };
};

const writeTrampoline = (placed: PlacedModule, section: number, entry: number, caller: number): void => {
  const bytes = placed.memory[section];
  const address = placed.sectionAddress[section];
  if (!bytes || address === undefined) return;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const offset = entry * PLT_ENTRY_SIZE;
  for (const [i, word] of pltEntry(caller, address + offset).entries()) view.setUint32(offset + i * 4, word, true);
};
