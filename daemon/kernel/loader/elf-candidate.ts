/** A module that came as an ELF file. */
import type { KernelError, LayoutSection, PlacedModule, Relocated } from '../arch/arch.ts';
import type { Arch } from '../arch/select.ts';
import {
  EM_X86_64,
  SHF_ALLOC,
  SHF_EXECINSTR,
  SHN_ABS,
  SHN_COMMON,
  SHN_LORESERVE,
  SHN_UNDEF,
  SHT_NOBITS,
  SHT_REL,
  SHT_RELA,
} from '../elf/constants.ts';
import { readExports } from '../elf/exports.ts';
import { readImports } from '../elf/imports.ts';
import { readElf } from '../elf/read.ts';
import { readRela } from '../elf/rela.ts';
import { startsWith } from '../elf/strings.ts';
import type { ElfExport, ElfFault, ElfImport, ElfModule, RelaSection } from '../elf/types.ts';
import type { Profile } from '../profile.ts';
import { readStaticCalls, trampsOfSymbols } from '../static-call/read.ts';
import { staticCallArch } from '../static-call/select.ts';
import type { Candidate, Introduction, Outcome, Placement } from './candidate.ts';
import { sortExceptionTable } from './extable.ts';
import { settleFlags } from './flags.ts';
import { isInit, type Tables } from './layout.ts';

export function faultWords(fault: ElfFault): string {
  return `Invalid module format: at offset ${fault.offset}, ${fault.field} is ${fault.found}, expected ${fault.expected}`;
}

const enoexec = (words: string): { readonly ok: false; readonly error: KernelError } => ({
  ok: false,
  error: { errno: 'ENOEXEC', words },
});

/** Reads the file. Refuses with ENOEXEC. */
export function introduceElf(bytes: Uint8Array, profile: Profile, arch: Arch): Outcome<Introduction> {
  const read = readElf(bytes, arch.machine);
  if (!read.ok) return enoexec(faultWords(read.fault));
  const { elf } = read;
  const exported = readExports(elf);
  if (!exported.ok) return enoexec(faultWords(exported.fault));
  const vermagic = elf.modinfo.get('vermagic')?.[0];
  const hasVersions = elf.sections.some((s) => s.name === '__versions' && (s.flags & SHF_ALLOC) !== 0);
  const prepared = () => prepare(elf, hasVersions, exported.value, profile, arch);
  return { ok: true, value: { name: elf.name, vermagic, hasVersions, prepare: prepared } };
}

/** Lets the architecture size sections and the loader settle their flags. */
function prepare(
  elf: ElfModule,
  hasVersions: boolean,
  exported: readonly ElfExport[],
  profile: Profile,
  arch: Arch,
): Outcome<Candidate> {
  const relas: RelaSection[] = [];
  for (const { type, index } of elf.sections) if (type === SHT_RELA) relas.push(readRela(elf, index));
  const frobbed = arch.frobSections(elf, relas, profile);
  if (!frobbed.ok) return frobbed;
  const settled = settleFlags(elf.name, frobbed.sections);
  if (!settled.ok) return settled;
  const { sections, percpu, percpuIndex } = settled.value;
  const imports = readImports(elf);
  const { pltReserved } = frobbed;
  const value: Candidate = {
    name: elf.name,
    vermagic: elf.modinfo.get('vermagic')?.[0],
    hasVersions,
    license: elf.modinfo.get('license')?.[0],
    importedNamespaces: elf.modinfo.get('import_ns') ?? [],
    hasInit: defines(elf, 'init_module'),
    hasExit: defines(elf, 'cleanup_module'),
    imports: withIgnored(imports, arch),
    commons: commonSymbols(elf, imports),
    exports: exported,
    sections,
    tables: measureTables(elf, sections, percpuIndex, profile.kallsymsAll),
    pltReserved,
    percpu,
    link: (placement) => {
      const symbolValue = symbolValues(elf, placement, percpuIndex, imports);
      const tramps = trampsOfSymbols(imports, profile.callTramps);
      const placed = place(elf, sections, placement, symbolValue, tramps?.values(symbolValue));
      const linked = link(placed, frobbed.relas, pltReserved, sections, profile, arch);
      if (!linked.ok) return linked;
      const { memory } = placed;
      const exports = exportAddresses(elf, exported, symbolValue);
      const flavour = staticCallArch(profile);
      const calls = flavour && { staticCalls: readStaticCalls(placed, frobbed.relas, tramps, flavour) };
      const symbolName = (i: number) => elf.symbols.name(i);
      return { ok: true, value: { relocated: linked.value, memory, exports, symbolName, ...calls } };
    },
  };
  return { ok: true, value };
}

/** Whether a symbol of that name is defined here, and not local. */
function defines({ bytes, sections, symbols }: ElfModule, name: string): boolean {
  const strings = sections[sections[symbols.section]?.link ?? 0]?.offset ?? 0;
  for (let i = 1; i < symbols.count; i++) {
    if (symbols.shndx[i] === SHN_UNDEF || (symbols.info[i] ?? 0) >> 4 === 0) continue;
    const at = strings + (symbols.nameOffset[i] ?? 0);
    if (startsWith(bytes, at, name) && bytes[at + name.length] === 0) return true;
  }
  return false;
}

/** Counts what `is_core_symbol` keeps: named symbols of core sections, executable ones unless kallsyms shows all. */
function measureTables(
  elf: ElfModule,
  sections: readonly LayoutSection[],
  percpu: number,
  kallsymsAll: boolean,
): Tables {
  const { symbols } = elf;
  const wanted = kallsymsAll ? SHF_ALLOC : SHF_ALLOC | SHF_EXECINSTR;
  const core = new Uint8Array(sections.length);
  for (const { index, flags, name } of sections) {
    if ((flags & wanted) === wanted && !isInit(name)) core[index] = 1;
  }
  if (kallsymsAll && percpu >= 0) core[percpu] = 1;
  let coreSymbols = 1;
  let coreStrings = symbols.nameLength(0) + 1;
  for (let i = 1; i < symbols.count; i++) {
    const shndx = symbols.shndx[i] ?? SHN_UNDEF;
    if (shndx >= sections.length || core[shndx] !== 1 || symbols.nameOffset[i] === 0) continue;
    coreSymbols++;
    coreStrings += symbols.nameLength(i) + 1;
  }
  const table = (index: number) => {
    const section = elf.sections[index];
    return { index, size: section?.size ?? 0, align: section?.align ?? 1 };
  };
  return {
    symtab: table(symbols.section),
    strtab: table(elf.sections[symbols.section]?.link ?? 0),
    symbols: symbols.count,
    coreSymbols,
    coreStrings,
  };
}

/** ignore_undef_symbol: what assemblers leave in x86-64 files although nothing refers to it may stay unresolved. */
function withIgnored(imports: readonly ElfImport[], arch: Arch): readonly ElfImport[] {
  if (arch.machine !== EM_X86_64) return imports;
  return imports.map((i) => (i.name === '_GLOBAL_OFFSET_TABLE_' ? { ...i, weak: true } : i));
}

/** How many imports stand before each common symbol; those of link-time optimization are passed over. */
function commonSymbols(elf: ElfModule, imports: readonly ElfImport[]): readonly number[] {
  const { symbols } = elf;
  const commons: number[] = [];
  let before = 0;
  for (let i = 1; i < symbols.count; i++) {
    if (imports[before]?.symbol === i) before++;
    if (symbols.shndx[i] === SHN_COMMON && !symbols.name(i).startsWith('__gnu_lto')) commons.push(before);
  }
  return commons;
}

/** S of each symbol: simplify_symbols. A weak symbol that nobody has stays what the file says, 0. */
function symbolValues(
  elf: ElfModule,
  placement: Placement,
  percpu: number,
  imports: readonly ElfImport[],
): Float64Array {
  const { symbols } = elf;
  const values = symbols.value.slice();
  const { sectionAddress } = placement;
  for (let i = 1; i < symbols.count; i++) {
    const shndx = symbols.shndx[i] ?? SHN_UNDEF;
    if (shndx === SHN_UNDEF || shndx >= SHN_LORESERVE) continue;
    // A section without memory keeps the address 0 that the file gives it.
    const at = shndx === percpu ? placement.percpu : (sectionAddress[shndx] ?? Number.NaN);
    if (!Number.isNaN(at)) values[i] = (values[i] ?? 0) + at;
  }
  for (let i = 0; i < imports.length; i++) {
    const address = placement.imports[i] ?? Number.NaN;
    if (!Number.isNaN(address)) values[(imports[i] as ElfImport).symbol] = address;
  }
  return values;
}

function exportAddresses(elf: ElfModule, exports: readonly ElfExport[], values: Float64Array): readonly number[] {
  return exports.map(({ symbol, addend }) => {
    const value = values[symbol] ?? 0;
    return elf.symbols.shndx[symbol] === SHN_ABS ? elf.symbols.valueLow(symbol) + addend : value + addend;
  });
}

/**
 * Copies what the file holds of each section to its place; all of it is one block of memory. A section of zeroes that nobody
 * writes to gets no bytes: it may be as large as the window. The architecture writes to those that it made.
 */
function place(
  elf: ElfModule,
  sections: readonly LayoutSection[],
  { sectionAddress, inInit }: Placement,
  symbolValue: Float64Array,
  callValue: Float64Array | undefined,
): PlacedModule {
  const { bytes: file } = elf;
  let total = 0;
  for (const section of sections) if (hasBytes(section, sectionAddress)) total += aligned(section.size);
  const block = new Uint8Array(total);
  const memory: (Uint8Array | undefined)[] = [];
  let at = 0;
  for (const section of sections) {
    if (!hasBytes(section, sectionAddress)) {
      memory.push(undefined);
      continue;
    }
    const { index, type, size } = section;
    memory.push(new Uint8Array(block.buffer, at, size));
    const from = elf.sections[index];
    if (type !== SHT_NOBITS && from) copy(file, from.offset, block, at, size);
    at += aligned(size);
  }
  const placed = { name: elf.name, elf, sectionAddress, memory, inInit, symbolValue };
  return callValue ? { ...placed, callValue } : placed;
}

/** A section that is placed and that somebody writes to, be it the file. */
function hasBytes({ index, type, made }: LayoutSection, sectionAddress: Float64Array): boolean {
  return !Number.isNaN(sectionAddress[index]) && (type !== SHT_NOBITS || made === true);
}

/** Below this many bytes a loop is faster than a view and a call. */
const SHORT = 64;

function copy(from: Uint8Array, fromAt: number, to: Uint8Array, toAt: number, size: number): void {
  if (size > SHORT) to.set(new Uint8Array(from.buffer, from.byteOffset + fromAt, size), toAt);
  else for (let i = 0; i < size; i++) to[toAt + i] = from[fromAt + i] as number;
}

/** Up to the next multiple of 8, so that words of a section are words of the block. */
function aligned(size: number): number {
  return Math.ceil(size / 8) * 8;
}

function link(
  placed: PlacedModule,
  relas: readonly RelaSection[],
  pltReserved: Candidate['pltReserved'],
  sections: readonly LayoutSection[],
  profile: Profile,
  arch: Arch,
): Outcome<Relocated> {
  const { elf, memory } = placed;
  const allocated = (index: number) => ((sections[index]?.flags ?? 0) & SHF_ALLOC) !== 0;
  const rel = elf.sections.find((s) => s.type === SHT_REL && allocated(s.info));
  const wanted = relas.filter((rela) => allocated(rela.target) && (!rel || rela.section < rel.index));
  const applied = arch.applyRelocations(placed, wanted, pltReserved, profile);
  if (!applied.ok) return applied;
  if (rel) return enoexec(`module ${elf.name}: REL relocation unsupported`);
  const table = elf.sections.find((s) => s.name === '__ex_table' && (s.flags & SHF_ALLOC) !== 0);
  const entries = table && memory[table.index];
  if (entries) sortExceptionTable(entries);
  const finalized = arch.finalize(placed, profile);
  if (!finalized.ok) return finalized;
  return { ok: true, value: applied.relocated };
}
