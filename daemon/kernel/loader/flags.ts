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
const SPECIAL: ReadonlySet<string> = new Set([...NOT_KEPT, ...RO_AFTER_INIT, PERCPU]);

export interface Settled {
  readonly sections: readonly LayoutSection[];
  /** Index of the per-CPU section, -1 if the module has none. */
  readonly percpuIndex: number;
  readonly percpu: { readonly size: number; readonly align: number } | undefined;
}

/** Clears SHF_ALLOC where nothing is kept in the module's memory, marks what is read-only after init, refuses W+X. */
export function settleFlags(module: string, sections: readonly LayoutSection[]): Outcome<Settled> {
  const both = SHF_WRITE | SHF_EXECINSTR;
  const settled = sections.slice();
  const seen = new Set<string>();
  let percpu: LayoutSection | undefined;
  for (const section of sections) {
    const { index, name, flags } = section;
    if ((flags & both) === both) {
      const words = `${module}: section ${name} (index ${index}) has invalid WRITE|EXEC flags`;
      return { ok: false, error: { errno: 'ENOEXEC', words } };
    }
    // find_sec: the first of that name that is allocated.
    if (!SPECIAL.has(name) || (flags & SHF_ALLOC) === 0 || seen.has(name)) continue;
    seen.add(name);
    if (name === PERCPU) percpu = section;
    const isKept = RO_AFTER_INIT.includes(name);
    const { type, size, align } = section;
    settled[index] = { index, name, type, flags: isKept ? flags | SHF_RO_AFTER_INIT : flags & ~SHF_ALLOC, size, align };
  }
  return {
    ok: true,
    value: {
      sections: settled,
      percpuIndex: percpu?.index ?? -1,
      percpu: percpu && percpu.size > 0 ? { size: percpu.size, align: percpu.align } : undefined,
    },
  };
}
