/**
 * What the architecture does to section headers before layout: room for PLT entries, and the order of relocations.
 * Models arch/arm64/kernel/module-plts.c, v6.1 and v6.12: `module_frob_arch_sections`, `count_plts`, `partition_branch_plt_relas`.
 */
import { RELA } from '../../elf/constants.ts';
import { addendAt, entryAt, exactAddendAt, offsetAt, symbolAt, typeAt } from '../../elf/rela.ts';
import type { ElfModule, RelaSection, Section } from '../../elf/types.ts';
import type { KernelError, LayoutSection } from '../arch.ts';
import { PLT_ENTRY_SIZE } from './plt.ts';
import { R_ADR_PREL_PG_HI21, R_ADR_PREL_PG_HI21_NC, R_CALL26, R_JUMP26 } from './reloc-types.ts';

const SHT_SYMTAB = 2;
const SHT_NOBITS = 8;
const SHF_ALLOC = 2;
const SHF_EXECINSTR = 4;
const L1_CACHE_BYTES = 64;
const FTRACE_ALIGN = 4;
const SZ_4K = 4096;
const PLT_PER_4K = Math.floor(SZ_4K / PLT_ENTRY_SIZE);

export type Layout = 'linux-6.1' | 'linux-6.12';

/** PLT slots set aside, without the one spare slot that each section gets. */
export interface PltReserved {
  readonly core: number;
  readonly init: number;
}

export interface Frobbed {
  readonly ok: true;
  /** All sections of the file, by index. */
  readonly sections: readonly LayoutSection[];
  /** The relocations given, in the same order; those of executable sections reordered inside. */
  readonly relas: readonly RelaSection[];
  readonly pltReserved: PltReserved;
}

interface FrobOptions {
  readonly layout: Layout;
  readonly erratum843419: boolean;
}

/**
 * Sizes PLTs and ftrace trampolines, raises alignments for erratum 843419 and reorders branch relocations.
 * `relas` are in section-header order. Refuses with ENOEXEC when a PLT section or the symbol table is missing.
 */
export const frobSections = (
  elf: ElfModule,
  relas: readonly RelaSection[],
  options: FrobOptions,
): Frobbed | { readonly ok: false; readonly error: KernelError } => {
  const special = findSpecial(elf.sections, options.layout);
  if (!special.plt || !special.initPlt)
    return { ok: false, error: { errno: 'ENOEXEC', words: `${elf.name}: module PLT section(s) missing` } };
  if (!special.hasSymtab)
    return { ok: false, error: { errno: 'ENOEXEC', words: `${elf.name}: module symtab section missing` } };

  const sections: LayoutSection[] = elf.sections.slice();
  let core = 0;
  let init = 0;
  const ordered: RelaSection[] = [];
  for (const rela of relas) {
    const target = sections[rela.target];
    if (!target || (target.flags & SHF_EXECINSTR) === 0) {
      ordered.push(rela);
      continue;
    }
    const sorted = orderForPlts(elf, rela);
    ordered.push(sorted);
    const counted = countPlts(elf, sorted, options.erratum843419);
    if (counted.align > target.align) {
      const { index, name, type, flags, size } = target;
      sections[index] = { index, name, type, flags, size, align: counted.align };
    }
    if (target.name.startsWith('.init')) init += counted.plts;
    else core += counted.plts;
  }

  const makeRoom = (index: number, entries: number, align: number): void => {
    const name = elf.sections[index]?.name ?? '';
    const size = entries * PLT_ENTRY_SIZE;
    sections[index] = { index, name, type: SHT_NOBITS, flags: SHF_ALLOC | SHF_EXECINSTR, size, align, made: true };
  };
  makeRoom(special.plt, core + 1, L1_CACHE_BYTES);
  makeRoom(special.initPlt, init + 1, L1_CACHE_BYTES);
  const trampolines = ftraceEntries(options.layout);
  if (special.trampoline) makeRoom(special.trampoline, trampolines, FTRACE_ALIGN);
  if (special.initTrampoline) makeRoom(special.initTrampoline, trampolines, FTRACE_ALIGN);
  return { ok: true, sections, relas: ordered, pltReserved: { core, init } };
};

/** NR_FTRACE_PLTS: ftrace_caller, and in 6.1 ftrace_regs_caller too. */
export const ftraceEntries = (layout: Layout): number => (layout === 'linux-6.1' ? 2 : 1);

/** The last section of each name counts, and section 0 never does. */
export const findSpecial = (sections: readonly Section[], layout: Layout) => {
  const found = { plt: 0, initPlt: 0, trampoline: 0, initTrampoline: 0, hasSymtab: false };
  for (const { index, name, type } of sections) {
    if (name === '.plt') found.plt = index;
    else if (name === '.init.plt') found.initPlt = index;
    else if (name === '.text.ftrace_trampoline') found.trampoline = index;
    else if (name === '.init.text.ftrace_trampoline' && layout === 'linux-6.12') found.initTrampoline = index;
    else if (type === SHT_SYMTAB) found.hasSymtab = true;
  }
  return found;
};

/** Branches to other sections moved to the front by the kernel's partition, and that front sorted. */
const orderForPlts = (elf: ElfModule, rela: RelaSection): RelaSection => {
  const { section, target, count, view, start } = rela;
  const order = new Uint32Array(count);
  for (let i = 0; i < count; i++) order[i] = i;
  const front = partition(elf, rela, order);
  if (front === 0) return rela;
  sortFront(elf, rela, order, front);
  return { section, target, count, view, start, order };
};

/**
 * Returns how many branches stand at the front. The loop ends when the two cursors meet and doesn't look at that element,
 * so one branch can stay outside the front. Real kernels do this, and the order shows in the PLT.
 */
const partition = (elf: ElfModule, rela: RelaSection, order: Uint32Array): number => {
  const { shndx } = elf.symbols;
  let i = 0;
  let j = rela.count - 1;
  while (i < j) {
    const low = order[i] as number;
    const high = order[j] as number;
    if (needsPlt(shndx, rela, entryOf(rela, low))) i++;
    else if (needsPlt(shndx, rela, entryOf(rela, high))) {
      order[i] = high;
      order[j] = low;
    } else j--;
  }
  return i;
};

/** Where entry `k` of the file is. */
const entryOf = ({ start }: RelaSection, k: number): number => start + k * RELA.size;

/** A branch to another section. */
const needsPlt = (shndx: Uint16Array, { view, target }: RelaSection, at: number): boolean => {
  const type = typeAt(view, at);
  return (type === R_CALL26 || type === R_JUMP26) && shndx[symbolAt(view, at)] !== target;
};

/**
 * By type, symbol index and addend: a counting sort over (type, symbol), as all of the front is JUMP26 or CALL26. Equal
 * relocations keep their order: which of them comes first can't be seen in memory.
 */
const sortFront = (elf: ElfModule, rela: RelaSection, order: Uint32Array, front: number): void => {
  const symbols = elf.symbols.count;
  const from = order.slice(0, front);
  const starts = new Uint32Array(2 * symbols + 1);
  for (let i = 0; i < front; i++) {
    const bucket = bucketOf(rela, from[i] as number, symbols);
    starts[bucket + 1] = (starts[bucket + 1] as number) + 1;
  }
  for (let i = 1; i < starts.length; i++) starts[i] = (starts[i] as number) + (starts[i - 1] as number);
  for (let i = 0; i < front; i++) {
    const k = from[i] as number;
    const bucket = bucketOf(rela, k, symbols);
    const at = starts[bucket] as number;
    order[at] = k;
    starts[bucket] = at + 1;
  }
  sortRunsByAddend(rela, order, front, symbols);
};

/** The rank of entry `k` by type and symbol. */
const bucketOf = (rela: RelaSection, k: number, symbols: number): number => {
  const at = entryOf(rela, k);
  return (typeAt(rela.view, at) === R_CALL26 ? symbols : 0) + symbolAt(rela.view, at);
};

const sortRunsByAddend = (rela: RelaSection, order: Uint32Array, front: number, symbols: number): void => {
  let start = 0;
  let bucket = bucketOf(rela, order[0] as number, symbols);
  let plain = true;
  for (let i = 0; i <= front; i++) {
    const next = i < front ? bucketOf(rela, order[i] as number, symbols) : -1;
    if (next !== bucket) {
      if (!plain && i - start > 1)
        order.subarray(start, i).sort((a, b) => compareAddends(rela.view, entryOf(rela, a), entryOf(rela, b)) || a - b);
      start = i;
      bucket = next;
      plain = true;
    }
    if (i < front && addendAt(rela.view, entryOf(rela, order[i] as number)) !== 0) plain = false;
  }
};

const compareAddends = (view: DataView, a: number, b: number): number => {
  const x = addendAt(view, a);
  const y = addendAt(view, b);
  if (x !== y) return x - y;
  if (Number.isSafeInteger(x)) return 0;
  const difference = exactAddendAt(view, a) - exactAddendAt(view, b);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
};

/** PLT slots that a section's relocations may need, and the alignment that keeps its other ADRPs off forbidden offsets. */
const countPlts = (elf: ElfModule, rela: RelaSection, erratum843419: boolean): { plts: number; align: number } => {
  const { view, count, target } = rela;
  const { shndx } = elf.symbols;
  let plts = 0;
  let align = 1;
  for (let i = 0; i < count; i++) {
    const at = entryAt(rela, i);
    const type = typeAt(view, at);
    if (type === R_CALL26 || type === R_JUMP26) {
      if (shndx[symbolAt(view, at)] === target) continue;
      if (i === 0 || addendAt(view, at) !== 0 || !repeats(view, at, entryAt(rela, i - 1))) plts++;
    } else if (erratum843419 && (type === R_ADR_PREL_PG_HI21 || type === R_ADR_PREL_PG_HI21_NC)) {
      const safe = safeAlign(offsetAt(view, at));
      if (safe > SZ_4K) plts++;
      else align = Math.max(align, safe);
    }
  }
  // slack for slots skipped because their ADRP would stand at a forbidden offset
  if (erratum843419) plts += Math.ceil(plts / PLT_PER_4K);
  return { plts, align };
};

/** Same type and symbol as the relocation before it, both without an addend. */
const repeats = (view: DataView, at: number, before: number): boolean =>
  addendAt(view, before) === 0 &&
  typeAt(view, at) === typeAt(view, before) &&
  symbolAt(view, at) === symbolAt(view, before);

/** The least alignment that fixes a zero bit among bits 3 to 11 of the address, so that it can't end in 0xff8 or 0xffc. */
const safeAlign = (offset: number): number => {
  const ones = (offset & 0xfff) | 7;
  const lowestZero = ~ones & (ones + 1);
  return lowestZero * 2;
};
