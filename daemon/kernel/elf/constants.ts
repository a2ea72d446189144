/**
 * The numbers of a relocatable ELF64 file, as data. Nothing here is code.
 * Source: System V gABI 4.1, chapter 4; psABI supplements for AArch64 and x86-64; include/uapi/linux/elf.h, v6.1.
 */

/** gABI 4 "ELF Header". Byte offsets in the file and the values asked for. */
export const EHDR = {
  size: 64,
  magic: [0x7f, 0x45, 0x4c, 0x46],
  EI_CLASS: 4,
  EI_DATA: 5,
  EI_VERSION: 6,
  e_type: 16,
  e_machine: 18,
  e_version: 20,
  e_shoff: 40,
  e_ehsize: 52,
  e_shentsize: 58,
  e_shnum: 60,
  e_shstrndx: 62,
} as const;

export const ELFCLASS64 = 2;
export const ELFDATA2LSB = 1;
export const EV_CURRENT = 1;
export const ET_REL = 1;

/** gABI 4 "Machine Information". */
export const EM_X86_64 = 62;
export const EM_AARCH64 = 183;
export const MACHINE_NAMES: ReadonlyMap<number, string> = new Map([
  [EM_X86_64, 'EM_X86_64'],
  [EM_AARCH64, 'EM_AARCH64'],
]);

/** gABI 4 "Section Header". Byte offsets inside one header. */
export const SHDR = {
  size: 64,
  sh_name: 0,
  sh_type: 4,
  sh_flags: 8,
  sh_addr: 16,
  sh_offset: 24,
  sh_size: 32,
  sh_link: 40,
  sh_info: 44,
  sh_addralign: 48,
  sh_entsize: 56,
} as const;

/** gABI 4 "Special Section Indexes". SHN_LIVEPATCH is Linux's own: Documentation/livepatch/module-elf-format.rst. */
export const SHN_UNDEF = 0;
export const SHN_LORESERVE = 0xff00;
export const SHN_LIVEPATCH = 0xff20;
export const SHN_ABS = 0xfff1;
export const SHN_COMMON = 0xfff2;
export const SHN_XINDEX = 0xffff;

/** gABI 4 "Section Types, sh_type". */
export const SHT_NULL = 0;
export const SHT_PROGBITS = 1;
export const SHT_SYMTAB = 2;
export const SHT_STRTAB = 3;
export const SHT_RELA = 4;
export const SHT_NOTE = 7;
export const SHT_NOBITS = 8;
export const SHT_REL = 9;

/** gABI 4 "Section Attribute Flags". */
export const SHF_WRITE = 0x1;
export const SHF_ALLOC = 0x2;
export const SHF_EXECINSTR = 0x4;
export const SHF_INFO_LINK = 0x40;
export const SHF_LINK_ORDER = 0x80;
export const SHF_COMPRESSED = 0x800;

/** gABI 4 "Symbol Table". Byte offsets inside one entry; binding and type share st_info. */
export const SYM = { size: 24, st_name: 0, st_info: 4, st_other: 5, st_shndx: 6, st_value: 8, st_size: 16 } as const;
export const STB_LOCAL = 0;
export const STB_GLOBAL = 1;
export const STB_WEAK = 2;
export const STT_SECTION = 3;

/** gABI 4 "Relocation". The symbol is the high half of r_info, the type its low half. */
export const RELA = { size: 24, r_offset: 0, r_type: 8, r_sym: 12, r_addend: 16 } as const;

/**
 * How many bytes a relocation writes, where that is not 4 (every instruction, and all 32-bit data).
 * ELF for the Arm 64-bit Architecture, 5.7.4 and 5.7.5; System V ABI AMD64 supplement, table 4.9.
 */
export const RELOCATION_WIDTH: ReadonlyMap<number, ReadonlyMap<number, number>> = new Map([
  [
    EM_AARCH64,
    new Map([
      [0, 0],
      [256, 0],
      [257, 8],
      [259, 2],
      [260, 8],
      [262, 2],
    ]),
  ],
  [
    EM_X86_64,
    new Map([
      [0, 0],
      [1, 8],
      [8, 8],
      [12, 2],
      [13, 2],
      [14, 1],
      [15, 1],
      [24, 8],
    ]),
  ],
]);

/** The 32-bit place-relative relocation: R_AARCH64_PREL32, R_X86_64_PC32. */
export const RELOCATION_PREL32: ReadonlyMap<number, number> = new Map([
  [EM_AARCH64, 261],
  [EM_X86_64, 2],
]);

/**
 * What this reader allows beyond the file's own size, so that memory and time stay bounded. No real module comes near.
 */
export const LIMIT = {
  /** Bytes of one section; 65,279 such sections still add up exactly in a double. */
  sectionSize: 2 ** 36,
  /** sh_addralign. */
  align: 2 ** 30,
  /** Bytes of one string in a string table; the kernel's KSYM_NAME_LEN is 512. */
  nameLength: 4096,
  /** Bytes of all section names together, and of all undefined symbols' names together. */
  names: 2 ** 24,
  /** Bytes of `.modinfo`. */
  modinfo: 2 ** 22,
} as const;
