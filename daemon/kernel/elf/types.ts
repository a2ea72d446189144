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

/** The symbol table as columns: index i is symbol i of the file. Values that do not fit a double exactly are rounded; `value64` reads them exactly. */
export interface SymbolTable {
  readonly section: number;
  readonly count: number;
  /** st_name: where the name starts in the string table. */
  readonly nameOffset: Uint32Array;
  /** st_info: binding in the high four bits, type in the low four. */
  readonly info: Uint8Array;
  readonly shndx: Uint16Array;
  readonly value: Float64Array;
  readonly size: Float64Array;
  name(index: number): string;
  /** The name's length in bytes without its NUL. */
  nameLength(index: number): number;
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

/** Why a file is not a module: what was read where, and what was expected there. */
export interface ElfFault {
  /** Byte offset in the file. */
  readonly offset: number;
  /** The field's name, such as `e_machine` or `section 12 (.text) sh_offset`. */
  readonly field: string;
  readonly found: string;
  readonly expected: string;
}

export type ElfResult = { readonly ok: true; readonly elf: ElfModule } | { readonly ok: false; readonly fault: ElfFault };
