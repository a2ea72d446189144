/**
 * What the loader changes in section flags before it lays a module out.
 * Models kernel/module/main.c `rewrite_section_headers`, `module_enforce_rwx_sections` and the head of
 * `layout_and_allocate`, v6.1.
 */
import type { LayoutSection } from '../arch/arch.ts';
import { SHF_ALLOC, SHF_EXECINSTR, SHF_WRITE } from '../elf/constants.ts';
import type { Outcome } from './candidate.ts';
import { SHF_RO_AFTER_INIT } from './layout.ts';

/** Read by the loader itself and not kept. */
const NOT_KEPT = ['.modinfo', '__versions'];
export const RO_AFTER_INIT = ['.data..ro_after_init', '__jump_table'];
const PERCPU = '.data..percpu';

export interface Settled {
  readonly sections: readonly LayoutSection[];
  /** Index of the per-CPU section, -1 if the module has none. */
  readonly percpuIndex: number;
  readonly percpu: { readonly size: number; readonly align: number } | undefined;
}

/** Clears SHF_ALLOC where nothing is kept in the module's memory, marks what is read-only after init, refuses W+X. */
export function settleFlags(module: string, sections: readonly LayoutSection[]): Outcome<Settled> {
  const both = SHF_WRITE | SHF_EXECINSTR;
  const bad = sections.find(({ flags }) => (flags & both) === both);
  if (bad) {
    const words = `${module}: section ${bad.name} (index ${bad.index}) has invalid WRITE|EXEC flags`;
    return { ok: false, error: { errno: 'ENOEXEC', words } };
  }
  // find_sec: the first of that name that is allocated.
  const first = (name: string) => sections.find((s) => s.name === name && (s.flags & SHF_ALLOC) !== 0)?.index ?? -1;
  const percpuIndex = first(PERCPU);
  const dropped = new Set([percpuIndex, ...NOT_KEPT.map(first)]);
  const roAfterInit = new Set(RO_AFTER_INIT.map(first));
  const settled = sections.map((section) => {
    if (dropped.has(section.index)) return { ...section, flags: section.flags & ~SHF_ALLOC };
    if (roAfterInit.has(section.index)) return { ...section, flags: section.flags | SHF_RO_AFTER_INIT };
    return section;
  });
  const percpu = sections[percpuIndex];
  return {
    ok: true,
    value: {
      sections: settled,
      percpuIndex,
      percpu: percpu && percpu.size > 0 ? { size: percpu.size, align: percpu.align } : undefined,
    },
  };
}
