/** Modules made in memory: sections, symbols and relocations as a test states them. */
import type { PlacedModule } from '../../../../daemon/kernel/arch/arch.ts';
import { RELA } from '../../../../daemon/kernel/elf/constants.ts';
import { entryAt, exactAddendAt, offsetAt, symbolAt, typeAt } from '../../../../daemon/kernel/elf/rela.ts';
import type { ElfModule, RelaSection, Section, SymbolTable } from '../../../../daemon/kernel/elf/types.ts';

const SHT_PROGBITS = 1;
const SHT_SYMTAB = 2;
export const SHF_ALLOC = 2;
export const SHF_EXECINSTR = 4;
export const TEXT = SHF_ALLOC | SHF_EXECINSTR;
export const SHN_ABS = 0xfff1;

export interface Rela {
  readonly offset: number;
  readonly type: number;
  readonly symbol: number;
  readonly addend: bigint;
}

export interface TestSymbol {
  readonly shndx: number;
  readonly value: bigint;
}

interface TestSection {
  readonly name: string;
  readonly flags?: number;
  readonly size?: number;
  readonly align?: number;
  readonly type?: number;
}

/** Section 0 is the null section; the ones given follow from index 1 on, then the symbol table. */
export const elfModule = (sections: readonly TestSection[], symbols: readonly TestSymbol[]): ElfModule => {
  const all: TestSection[] = [
    { name: '', flags: 0, type: 0 },
    ...sections,
    { name: '.symtab', flags: 0, type: SHT_SYMTAB },
  ];
  const table = all.map(
    (s, index): Section => ({
      index,
      name: s.name,
      type: s.type ?? SHT_PROGBITS,
      flags: s.flags ?? TEXT,
      offset: 0,
      size: s.size ?? 0,
      align: s.align ?? 1,
      link: 0,
      info: 0,
      entsize: 0,
    }),
  );
  const bytes = new Uint8Array(0);
  return {
    bytes,
    view: new DataView(bytes.buffer),
    machine: 183,
    sections: table,
    symbols: symbolTable(all.length - 1, symbols),
    modinfo: new Map(),
    name: 'demo',
  };
};

const symbolTable = (section: number, symbols: readonly TestSymbol[]): SymbolTable => ({
  section,
  count: symbols.length,
  nameOffset: new Uint32Array(symbols.length),
  info: new Uint8Array(symbols.length),
  shndx: Uint16Array.from(symbols, (s) => s.shndx),
  value: Float64Array.from(symbols, (s) => Number(BigInt.asIntN(64, s.value))),
  valueHigh: (i) => Number(BigInt.asIntN(32, (symbols[i]?.value ?? 0n) >> 32n)),
  valueLow: (i) => Number(BigInt.asUintN(32, symbols[i]?.value ?? 0n)),
  name: (i) => `symbol${i}`,
  nameLength: (i) => `symbol${i}`.length,
});

/** A RELA section with these entries. */
export const columns = (section: number, target: number, relas: readonly Rela[]): RelaSection => {
  const view = new DataView(new ArrayBuffer(relas.length * RELA.size));
  relas.forEach(({ offset, type, symbol, addend }, i) => {
    const at = i * RELA.size;
    view.setBigUint64(at, BigInt(offset), true);
    view.setUint32(at + RELA.r_type, type, true);
    view.setUint32(at + RELA.r_sym, symbol, true);
    view.setBigInt64(at + RELA.r_addend, addend, true);
  });
  return { section, target, count: relas.length, view, start: 0, order: undefined };
};

/** The relocations of a section in the order of application. */
export const rows = (rela: RelaSection): Rela[] =>
  Array.from({ length: rela.count }, (_, i) => {
    const { view } = rela;
    const at = entryAt(rela, i);
    const [offset, type, symbol] = [offsetAt(view, at), typeAt(view, at), symbolAt(view, at)];
    return { offset, type, symbol, addend: exactAddendAt(view, at) };
  });

/** The module with its sections at addresses, and memory filled with `fill`. Absent addresses are NaN. */
export const placeAt = (elf: ElfModule, addresses: Readonly<Record<string, number>>, fill = 0): PlacedModule => {
  const sectionAddress = Float64Array.from(elf.sections, (s) => addresses[s.name] ?? Number.NaN);
  const memory = elf.sections.map((s) => (s.name in addresses ? new Uint8Array(s.size).fill(fill) : undefined));
  const symbolValue = Float64Array.from(elf.symbols.value, (value, i) => {
    const base = sectionAddress[elf.symbols.shndx[i] ?? 0];
    return base === undefined || Number.isNaN(base) ? value : base + value;
  });
  const inInit = Uint8Array.from(elf.sections, (s) => (s.name.startsWith('.init') ? 1 : 0));
  return { name: elf.name, elf, sectionAddress, memory, inInit, symbolValue };
};

export const wordAt = (placed: PlacedModule, section: number, offset: number): number => {
  const bytes = placed.memory[section] ?? new Uint8Array(0);
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(offset, true);
};

export const putWord = (placed: PlacedModule, section: number, offset: number, word: number): void => {
  const bytes = placed.memory[section] ?? new Uint8Array(0);
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(offset, word, true);
};
