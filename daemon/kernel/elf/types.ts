/**
 * What a relocatable ELF file holds, as the loader sees it. Nothing is copied out of the file but numbers.
 * Source: System V gABI chapter 4; include/uapi/linux/elf.h, v6.1.
 */

/** One section header, as the file has it. Offsets and sizes are bytes; `align` is at least 1. */
export interface Section {
  readonly index: number;
  readonly name: string;
  readonly type: number;
  /** SHF_* bits; bits above 32 are refused by the reader. */
  readonly flags: number;
  readonly offset: number;
  readonly size: number;
  readonly align: number;
  readonly link: number;
  readonly info: number;
  readonly entsize: number;
}

/** The symbol table as columns: index i is symbol i of the file. */
export interface SymbolTable {
  readonly section: number;
  readonly count: number;
  /** st_name: where the name starts in the string table. */
  readonly nameOffset: Uint32Array;
  /** st_info: binding in the high four bits, type in the low four. */
  readonly info: Uint8Array;
  readonly shndx: Uint16Array;
  /** st_value as a signed number; rounded beyond 2^53, which only an SHN_ABS symbol can be: see valueHigh, valueLow. */
  readonly value: Float64Array;
  /** st_size, which nothing depends on: not checked, rounded beyond 2^53. */
  /** The exact halves of st_value: high signed, low unsigned. */
  valueHigh(index: number): number;
  valueLow(index: number): number;
  /** The name, one character a byte (the kernel compares bytes). */
  name(index: number): string;
  /** The name's length in bytes without its NUL. */
  nameLength(index: number): number;
}

/** The relocations of one RELA section, which stay where they are in the file: rela.ts reads them. */
export interface RelaSection {
  /** Index of the RELA section, and of the section it changes. */
  readonly section: number;
  readonly target: number;
  readonly count: number;
  readonly view: DataView;
  /** Where the first entry starts in `view`. */
  readonly start: number;
  /** Which entry is applied i-th, where an architecture sorted them; undefined for file order. */
  readonly order: Uint32Array | undefined;
}

/** A relocatable file whose every offset, size, link and index has been checked. */
export interface ElfModule {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** e_machine: 183 AArch64, 62 x86-64. */
  readonly machine: number;
  readonly sections: readonly Section[];
  readonly symbols: SymbolTable;
  /** `.modinfo` as key to values, in file order. */
  readonly modinfo: ReadonlyMap<string, readonly string[]>;
  /** modinfo `name`, or the name in `.gnu.linkonce.this_module`. */
  readonly name: string;
}

/** A symbol that the module offers to others: one entry of `__ksymtab` or `__ksymtab_gpl`. */
export interface ElfExport {
  readonly name: string;
  /** The exported value is this symbol's plus `addend`. */
  readonly symbol: number;
  readonly addend: number;
  readonly gplOnly: boolean;
  /** Empty when the export is in no namespace. */
  readonly namespace: string;
}

/** A symbol that the module asks for. A weak one may stay unresolved. */
export interface ElfImport {
  readonly name: string;
  readonly symbol: number;
  readonly weak: boolean;
}

/** Why a file is not a module: what was read where, and what was expected there. */
export interface ElfFault {
  /** Byte offset in the file. */
  readonly offset: number;
  /** The field's name, such as `e_machine` or `section 12 (.text) sh_offset`. */
  readonly field: string;
  readonly found: string;
  readonly expected: string;
}

/** A value, or the reason why the file has none. */
export type Checked<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly fault: ElfFault };

export type ElfResult =
  | { readonly ok: true; readonly elf: ElfModule }
  | { readonly ok: false; readonly fault: ElfFault };
