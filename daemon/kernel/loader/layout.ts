/**
 * Where each section goes inside a module's memory, before any address is known.
 * Models kernel/module/main.c `layout_sections` and kernel/module/kallsyms.c `layout_symtab`, v6.1 and v6.12 (the memory
 * types came with 6.4). The order of sections follows from masks over their flags, then from the section headers.
 */
import type { EventOf } from '../../../protocol/events/index.ts';
import type { Part } from '../../../protocol/events/memory.ts';
import { PARTS } from '../../../protocol/parts.ts';
import type { Layout as LayoutVersion } from '../../../protocol/profile.ts';
import type { LayoutSection } from '../arch/arch.ts';
import { SHF_ALLOC, SHF_EXECINSTR, SHF_WRITE } from '../elf/constants.ts';

/** Our bit for SHF_RO_AFTER_INIT, which only the loader sets (include/linux/elf.h: 0x00200000). */
export const SHF_RO_AFTER_INIT = 0x00200000;

/** struct mod_kallsyms: four pointers. */
const MOD_KALLSYMS_SIZE = 32;
const MOD_KALLSYMS_ALIGN = 8;
const ELF64_SYM_SIZE = 24;

/** What the symbol and string tables take. Sizes in bytes, `symbols` and `coreSymbols` in entries. */
export interface Tables {
  readonly symtab: { readonly index: number; readonly size: number; readonly align: number };
  readonly strtab: { readonly index: number; readonly size: number; readonly align: number };
  readonly symbols: number;
  readonly coreSymbols: number;
  readonly coreStrings: number;
}

export interface LaidOut {
  /** In order of allocation; sizes before rounding up to pages, except in linux-6.1, which rounds inside. */
  readonly parts: readonly { readonly part: Part; readonly size: number }[];
  /** By section index: which of `parts`, -1 where the section takes no room. */
  readonly partOf: Int8Array;
  /** By section index: bytes from the start of the part. */
  readonly offset: readonly number[];
  readonly groups: EventOf<'ModuleLaidOut'>['groups'];
}

/** Whether a section's name puts it into init memory (module_init_layout_section). */
export function isInit(name: string): boolean {
  return name.startsWith('.init');
}

const align = (value: number, to: number) => Math.ceil(value / to) * to;

/** The groups of sections in the order in which each memory is filled: all bits of the first, none of the second. */
const GROUPS = [
  { all: SHF_EXECINSTR | SHF_ALLOC, none: 0, core: 'text', init: 'init_text' },
  { all: SHF_ALLOC, none: SHF_WRITE, core: 'rodata', init: 'init_rodata' },
  { all: SHF_RO_AFTER_INIT | SHF_ALLOC, none: 0, core: 'ro_after_init', init: undefined },
  { all: SHF_ALLOC, none: 0, core: 'data', init: 'init_data' },
] as const;

/** Fills parts one section after another. */
class Filler {
  /** By section index: which of PARTS, -1 where the section is not placed. */
  readonly partOf: Int8Array;
  readonly offset: number[];
  /** Bytes so far of each of PARTS. */
  readonly sizes = new Float64Array(PARTS.length);
  /** Sections that are not placed yet, in section-header order. */
  readonly #left: { core: LayoutSection[]; init: LayoutSection[] } = { core: [], init: [] };

  constructor(sections: readonly LayoutSection[]) {
    this.partOf = new Int8Array(sections.length).fill(-1);
    this.offset = new Array(sections.length).fill(0);
    for (const section of sections) {
      if ((section.flags & SHF_ALLOC) !== 0) this.#left[isInit(section.name) ? 'init' : 'core'].push(section);
    }
  }

  size(part: Part): number {
    return this.sizes[PARTS.indexOf(part)] ?? 0;
  }

  put(section: { readonly index: number; readonly size: number; readonly align: number }, part: Part): void {
    const at = align(this.size(part), section.align || 1);
    this.partOf[section.index] = PARTS.indexOf(part);
    this.offset[section.index] = at;
    this.sizes[PARTS.indexOf(part)] = at + section.size;
  }

  grow(part: Part, bytes: number): void {
    this.sizes[PARTS.indexOf(part)] = this.size(part) + bytes;
  }

  alignTo(part: Part, to: number): void {
    this.sizes[PARTS.indexOf(part)] = align(this.size(part), to);
  }

  /** Puts every section of one group and side that is not placed yet, in section-header order. */
  group({ all, none }: (typeof GROUPS)[number], side: 'core' | 'init', part: Part): void {
    const before = this.#left[side];
    const left: LayoutSection[] = [];
    for (const section of before) {
      if ((section.flags & all) === all && (section.flags & none) === 0) this.put(section, part);
      else left.push(section);
    }
    this.#left[side] = left;
  }
}

/** Lays out `sections`, whose flags the loader has settled, and the tables that kallsyms wants. */
export function layOut(
  version: LayoutVersion,
  sections: readonly LayoutSection[],
  tables: Tables,
  pageSize: number,
): LaidOut {
  return version === 'linux-6.1' ? twoAllocations(sections, tables, pageSize) : memoryTypes(sections, tables);
}

/** v6.1: one core and one init allocation; the groups of each are page-aligned. */
function twoAllocations(sections: readonly LayoutSection[], tables: Tables, pageSize: number): LaidOut {
  const filler = new Filler(sections);
  const ends = { core: [] as number[], init: [] as number[] };
  for (const part of ['core', 'init'] as const) {
    for (const group of GROUPS) {
      filler.group(group, part, part);
      if (group.core !== 'data' && group[part] !== undefined) filler.alignTo(part, pageSize);
      ends[part].push(filler.size(part));
    }
    filler.alignTo(part, pageSize);
  }
  appendTables(filler, tables, 'core', 'init');
  filler.alignTo('core', pageSize);
  filler.alignTo('init', pageSize);
  const [text = 0, ro = 0, roAfterInit = 0] = ends.core;
  return finish(filler, ['core', 'init'], {
    core: { text, ro, roAfterInit, total: filler.size('core') },
    init: { text: ends.init[0] ?? 0, total: filler.size('init') },
  });
}

/** Since v6.4: an allocation of its own for each memory type, no page rounding inside. */
function memoryTypes(sections: readonly LayoutSection[], tables: Tables): LaidOut {
  const filler = new Filler(sections);
  for (const side of ['core', 'init'] as const) {
    for (const group of GROUPS) {
      const part = group[side];
      if (part !== undefined) filler.group(group, side, part);
    }
  }
  appendTables(filler, tables, 'data', 'init_data');
  const order = ['text', 'data', 'rodata', 'ro_after_init', 'init_text', 'init_data', 'init_rodata'] as const;
  return finish(filler, order, undefined);
}

/** The full tables end init memory and go with it; core keeps the symbols that outlive init. */
function appendTables(filler: Filler, tables: Tables, core: Part, init: Part): void {
  filler.put(tables.symtab, init);
  filler.alignTo(core, tables.symtab.align || 1);
  filler.grow(core, tables.coreSymbols * ELF64_SYM_SIZE + tables.coreStrings + tables.coreSymbols);
  filler.put(tables.strtab, init);
  filler.alignTo(init, MOD_KALLSYMS_ALIGN);
  filler.grow(init, MOD_KALLSYMS_SIZE + tables.symbols);
}

function finish(filler: Filler, order: readonly Part[], groups: LaidOut['groups']): LaidOut {
  const parts: { part: Part; size: number }[] = [];
  const place = new Int8Array(PARTS.length).fill(-1);
  for (const part of order) {
    if (filler.size(part) === 0) continue;
    place[PARTS.indexOf(part)] = parts.length;
    parts.push({ part, size: filler.size(part) });
  }
  const { partOf, offset } = filler;
  for (let i = 0; i < partOf.length; i++) {
    const part = partOf[i] ?? -1;
    if (part >= 0) partOf[i] = place[part] ?? -1;
  }
  return { parts, partOf, offset, groups };
}
