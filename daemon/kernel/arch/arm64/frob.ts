/**
 * What the architecture does to section headers before layout: room for PLT entries, and the order of relocations.
 * Models arch/arm64/kernel/module-plts.c, v6.1 and v6.12: `module_frob_arch_sections`, `count_plts`, `partition_branch_plt_relas`.
 */
import { RELA, SHF_ALLOC, SHF_EXECINSTR, SHT_NOBITS, SHT_SYMTAB } from '../../elf/constants.ts';
import { addendAt, entryAt, exactAddendAt, offsetAt, symbolAt, typeAt } from '../../elf/rela.ts';
import type { ElfModule, RelaSection, Section } from '../../elf/types.ts';
import type { KernelError, LayoutSection } from '../arch.ts';
import { PLT_ENTRY_SIZE } from './plt.ts';
import { R_ADR_PREL_PG_HI21, R_ADR_PREL_PG_HI21_NC, R_CALL26, R_JUMP26 } from './reloc-types.ts';

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
    let { rela: sorted, plts } = orderForPlts(elf, rela);
    ordered.push(sorted);
    if (options.erratum843419) {
      const adrps = countAdrps(rela);
      plts += adrps.plts;
      // slack for slots skipped because their ADRP would stand at a forbidden offset
      plts += Math.ceil(plts / PLT_PER_4K);
      if (adrps.align > target.align) {
        const { index, name, type, flags, size } = target;
        sections[index] = { index, name, type, flags, size, align: adrps.align };
      }
    }
    if (target.name.startsWith('.init')) init += plts;
    else core += plts;
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

/** What the loops below note of each relocation, kept for the next section unless that is a large one. */
const NOTED = 2 ** 16;
const KEYS = new Uint32Array(NOTED);
const UNSORTED = new Uint32Array(NOTED);
const STARTS = new Uint32Array(NOTED);

const notesOf = (kept: Uint32Array, count: number): Uint32Array =>
  count <= kept.length ? kept : new Uint32Array(count);

/** The relocations of an executable section in the order of application, and how many PLT slots they may need. */
interface Ordered {
  readonly rela: RelaSection;
  readonly plts: number;
}

/** Branches to other sections moved to the front by the kernel's partition, and that front sorted. */
const orderForPlts = (elf: ElfModule, rela: RelaSection): Ordered => {
  const { section, target, count, view, start } = rela;
  const keys = notesOf(KEYS, count);
  const { branches, addends } = rankBranches(elf, rela, keys);
  if (branches === 0) return { rela, plts: 0 };
  const order = new Uint32Array(count);
  for (let i = 0; i < count; i++) order[i] = i;
  const front = partition(keys, order);
  sortFront(keys, order, front, 2 * elf.symbols.count + 1);
  const sorted = { section, target, count, view, start, order };
  if (addends) sortRunsByAddend(sorted, keys, order, front);
  return { rela: sorted, plts: countPlts(sorted, keys, order, addends) };
};

/**
 * Gives each branch to another section its rank by type and symbol, from 1 on, and all other relocations 0. `addends` says
 * whether any such branch has one.
 */
const rankBranches = (
  { symbols }: ElfModule,
  { view, start, count, target }: RelaSection,
  keys: Uint32Array,
): { branches: number; addends: boolean } => {
  const { shndx } = symbols;
  let branches = 0;
  let addends = false;
  for (let k = 0, at = start; k < count; k++, at += RELA.size) {
    keys[k] = 0;
    const type = typeAt(view, at);
    if (type !== R_CALL26 && type !== R_JUMP26) continue;
    const symbol = symbolAt(view, at);
    if (shndx[symbol] === target) continue;
    keys[k] = (type === R_CALL26 ? symbols.count : 0) + symbol + 1;
    branches++;
    if (addendAt(view, at) !== 0) addends = true;
  }
  return { branches, addends };
};

/**
 * Returns how many branches stand at the front. The loop ends when the two cursors meet and doesn't look at that element,
 * so one branch can stay outside the front. Real kernels do this, and the order shows in the PLT.
 */
const partition = (keys: Uint32Array, order: Uint32Array): number => {
  let i = 0;
  let j = order.length - 1;
  while (i < j) {
    const low = order[i] as number;
    const high = order[j] as number;
    if (keys[low] !== 0) i++;
    else if (keys[high] !== 0) {
      order[i] = high;
      order[j] = low;
    } else j--;
  }
  return i;
};

/**
 * By type, symbol index and addend: a counting sort over (type, symbol), as all of the front is JUMP26 or CALL26. Equal
 * relocations keep their order: which of them comes first can't be seen in memory.
 */
const sortFront = (keys: Uint32Array, order: Uint32Array, front: number, ranks: number): void => {
  const unsorted = notesOf(UNSORTED, front);
  const starts = notesOf(STARTS, ranks + 1);
  starts.fill(0, 0, ranks + 1);
  for (let i = 0; i < front; i++) {
    const k = order[i] as number;
    const key = keys[k] as number;
    unsorted[i] = k;
    starts[key + 1] = (starts[key + 1] as number) + 1;
  }
  for (let i = 1; i <= ranks; i++) starts[i] = (starts[i] as number) + (starts[i - 1] as number);
  for (let i = 0; i < front; i++) {
    const k = unsorted[i] as number;
    const key = keys[k] as number;
    const at = starts[key] as number;
    order[at] = k;
    starts[key] = at + 1;
  }
};

const sortRunsByAddend = (rela: RelaSection, keys: Uint32Array, order: Uint32Array, front: number): void => {
  let start = 0;
  for (let i = 1; i <= front; i++) {
    if (i < front && keys[order[i] as number] === keys[order[start] as number]) continue;
    if (i - start > 1 && hasAddend(rela, start, i))
      order.subarray(start, i).sort((a, b) => compareAddends(rela, a, b) || a - b);
    start = i;
  }
};

const hasAddend = (rela: RelaSection, from: number, to: number): boolean => {
  for (let i = from; i < to; i++) if (addendAt(rela.view, entryAt(rela, i)) !== 0) return true;
  return false;
};

const compareAddends = ({ view, start }: RelaSection, a: number, b: number): number => {
  const first = start + a * RELA.size;
  const second = start + b * RELA.size;
  const x = addendAt(view, first);
  const y = addendAt(view, second);
  if (x !== y) return x - y;
  if (Number.isSafeInteger(x)) return 0;
  const difference = exactAddendAt(view, first) - exactAddendAt(view, second);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
};

/** Each branch to another section, less those that repeat the one before them in type and symbol, both without addend. */
const countPlts = (rela: RelaSection, keys: Uint32Array, order: Uint32Array, addends: boolean): number => {
  let plts = 0;
  let before = 0;
  for (let i = 0; i < order.length; i++) {
    const key = keys[order[i] as number] as number;
    if (key === 0) before = 0;
    else if (addends && addendAt(rela.view, entryAt(rela, i)) !== 0) {
      plts++;
      before = 0;
    } else {
      if (key !== before) plts++;
      before = key;
    }
  }
  return plts;
};

/** Erratum 843419: the ADRPs that need a PLT slot, and the alignment that keeps all others off forbidden offsets. */
const countAdrps = ({ view, start, count }: RelaSection): { plts: number; align: number } => {
  let plts = 0;
  let align = 1;
  for (let k = 0, at = start; k < count; k++, at += RELA.size) {
    const type = typeAt(view, at);
    if (type !== R_ADR_PREL_PG_HI21 && type !== R_ADR_PREL_PG_HI21_NC) continue;
    const safe = safeAlign(offsetAt(view, at));
    if (safe > SZ_4K) plts++;
    else align = Math.max(align, safe);
  }
  return { plts, align };
};

/** The least alignment that fixes a zero bit among bits 3 to 11 of the address, so that it can't end in 0xff8 or 0xffc. */
const safeAlign = (offset: number): number => {
  const ones = (offset & 0xfff) | 7;
  const lowestZero = ~ones & (ones + 1);
  return lowestZero * 2;
};
