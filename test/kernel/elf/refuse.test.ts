import { describe, expect, it } from 'vitest';
import { LIMIT } from '../../../daemon/kernel/elf/constants.ts';
import { fixture } from '../../fixtures/fixtures.ts';
import { type FileMap, faultOf, mapOf, mustRead, sectionOf, write } from './edit.ts';

const good = fixture('sections.ko');
const map = mapOf(good);
const { elf } = map;
const indexOf = (name: string): number => sectionOf(elf, name).index;
const symbolIndex = (name: string): number => {
  for (let i = 0; i < elf.symbols.count; i++) if (elf.symbols.name(i) === name) return i;
  throw new Error(`no symbol ${name}`);
};

type Case = readonly [
  title: string,
  at: (map: FileMap) => number,
  width: 1 | 2 | 4 | 8,
  value: number | bigint,
  field: RegExp,
  expected: RegExp,
];

/** One field written; the fault must point at that very field unless a fourth offset is given. */
const CASES: readonly Case[] = [
  ['ELF-1: another magic', () => 1, 1, 0x44, /^e_ident\[1\]$/, /0x45/],
  ['ELF-1: a 32-bit class', (m) => m.header('EI_CLASS'), 1, 1, /^EI_CLASS$/, /ELFCLASS64/],
  ['ELF-1: big-endian data', (m) => m.header('EI_DATA'), 1, 2, /^EI_DATA$/, /ELFDATA2LSB/],
  ['ELF-1: an unknown ident version', (m) => m.header('EI_VERSION'), 1, 0, /^EI_VERSION$/, /EV_CURRENT/],
  ['ELF-1: an executable', (m) => m.header('e_type'), 2, 2, /^e_type$/, /ET_REL/],
  ['ELF-1: a shared object', (m) => m.header('e_type'), 2, 3, /^e_type$/, /ET_REL/],
  ['ELF-1: another machine', (m) => m.header('e_machine'), 2, 62, /^e_machine$/, /^183 \(EM_AARCH64\)$/],
  ['ELF-1: an unknown version', (m) => m.header('e_version'), 4, 2, /^e_version$/, /1/],
  ['ELF-1: another header size', (m) => m.header('e_ehsize'), 2, 52, /^e_ehsize$/, /64/],
  ['ELF-1: another section header size', (m) => m.header('e_shentsize'), 2, 40, /^e_shentsize$/, /64/],

  ['ELF-2: no section headers', (m) => m.header('e_shnum'), 2, 0, /^e_shnum$/, /1 to 65279/],
  ['ELF-2: a reserved number of sections', (m) => m.header('e_shnum'), 2, 0xff00, /^e_shnum$/, /1 to 65279/],
  ['ELF-2: section headers inside the ELF header', (m) => m.header('e_shoff'), 8, 63, /^e_shoff$/, /64 to|0x40 to/],
  ['ELF-2: section headers beyond the file', (m) => m.header('e_shoff'), 8, 0x10000, /^e_shoff$/, /headers/],
  ['ELF-2: section headers whose end overflows', (m) => m.header('e_shoff'), 8, 2n ** 64n - 1n, /^e_shoff$/, /headers/],
  ['ELF-2: no section of names', (m) => m.header('e_shstrndx'), 2, 0, /^e_shstrndx$/, /1 to/],
  ['ELF-2: section names in an absent section', (m) => m.header('e_shstrndx'), 2, 999, /^e_shstrndx$/, /1 to/],
  ['ELF-2: section names by SHN_XINDEX', (m) => m.header('e_shstrndx'), 2, 0xffff, /^e_shstrndx$/, /1 to/],
  ['ELF-2: a first section with a type', (m) => m.section(0, 'sh_type'), 4, 1, /^section 0 sh_type$/, /0/],
  ['ELF-2: a first section with a size', (m) => m.section(0, 'sh_size'), 8, 2n ** 63n, /^section 0 sh_size$/, /0/],
  ['ELF-2: a first section with an address', (m) => m.section(0, 'sh_addr'), 8, 1, /^section 0 sh_addr$/, /0/],

  [
    'ELF-3: a section name beyond the names',
    (m) => m.section('.text', 'sh_name'),
    4,
    0xffff,
    /^section 1 sh_name$/,
    /below/,
  ],
  [
    'ELF-3: names in a section that holds no strings',
    (m) => m.section('.shstrtab', 'sh_type'),
    4,
    1,
    /sh_type$/,
    /SHT_STRTAB/,
  ],
  ['ELF-3: no bytes of names', (m) => m.section('.shstrtab', 'sh_size'), 8, 0, /sh_size$/, /at least/],

  [
    'ELF-4: contents beyond the file',
    (m) => m.section('.text', 'sh_offset'),
    8,
    good.length + 1,
    /^section 1 \(\.text\) sh_offset$/,
    /at most/,
  ],
  [
    'ELF-4: contents that end beyond the file',
    (m) => m.section('.text', 'sh_size'),
    8,
    good.length,
    /\(\.text\) sh_size$/,
    /at most/,
  ],
  [
    'ELF-4: contents whose end overflows',
    (m) => m.section('.text', 'sh_size'),
    8,
    2n ** 64n - 8n,
    /\(\.text\) sh_size$/,
    /at most/,
  ],
  [
    'ELF-4: an offset of 2^63',
    (m) => m.section('.data', 'sh_offset'),
    8,
    2n ** 63n,
    /\(\.data\) sh_offset$/,
    /at most/,
  ],
  [
    'ELF-4: a NOBITS section of 2^63 bytes',
    (m) => m.section('.bss', 'sh_size'),
    8,
    2n ** 63n,
    /\(\.bss\) sh_size$/,
    /at most/,
  ],
  [
    'ELF-4: a NOBITS section of one byte more than the limit',
    (m) => m.section('.bss', 'sh_size'),
    8,
    LIMIT.sectionSize + 1,
    /\(\.bss\) sh_size$/,
    /at most/,
  ],

  [
    'ELF-5: contents in the ELF header',
    (m) => m.section('.text', 'sh_offset'),
    8,
    8,
    /\(\.text\) sh_offset$/,
    /the ELF header ends there/,
  ],
  [
    'ELF-5: contents on those of another section',
    (m) => m.section('.rodata', 'sh_offset'),
    8,
    map.contents('.data'),
    /sh_offset$/,
    /ends there/,
  ],
  [
    'ELF-5: contents on the section headers',
    (m) => m.section('.rodata', 'sh_offset'),
    8,
    map.section(3, 'sh_name'),
    /\(\.rodata\) sh_offset$/,
    /the section headers/,
  ],

  [
    'ELF-6: an alignment that is no power of two',
    (m) => m.section('.data', 'sh_addralign'),
    8,
    24,
    /sh_addralign$/,
    /power of two/,
  ],
  [
    'ELF-6: an alignment of 2^31',
    (m) => m.section('.data', 'sh_addralign'),
    8,
    2 ** 31,
    /sh_addralign$/,
    /at most 0x40000000/,
  ],
  [
    'ELF-6: an alignment of 2^63',
    (m) => m.section('.data', 'sh_addralign'),
    8,
    2n ** 63n,
    /sh_addralign$/,
    /power of two/,
  ],
  ['ELF-6: a flag above bit 31', (m) => m.section('.data', 'sh_flags'), 8, 0x1_0000_0003n, /sh_flags$/, /above 31/],
  [
    'ELF-6: a compressed section that is loaded',
    (m) => m.section('.data', 'sh_flags'),
    8,
    0x803,
    /sh_flags$/,
    /SHF_COMPRESSED/,
  ],
  [
    'ELF-6: a section of no type that is loaded',
    (m) => m.section('.rodata', 'sh_type'),
    4,
    0,
    /sh_flags$/,
    /SHF_ALLOC/,
  ],

  ['ELF-7: a link to an absent section', (m) => m.section('.data', 'sh_link'), 4, 200, /\(\.data\) sh_link$/, /below/],
  ['ELF-7: a link of 2^32-1', (m) => m.section('.symtab', 'sh_link'), 4, 0xffff_ffff, /\(\.symtab\) sh_link$/, /below/],
  ['ELF-7: relocations for an absent section', (m) => m.section('.rela.text', 'sh_info'), 4, 200, /sh_info$/, /below/],
  [
    'ELF-7: a section ordered by itself',
    (m) => m.section('__patchable_function_entries', 'sh_link'),
    4,
    indexOf('__patchable_function_entries'),
    /sh_link$/,
    /ends/,
  ],

  ['ELF-8: no symbol table', (m) => m.section('.symtab', 'sh_type'), 4, 1, /section headers/, /SHT_SYMTAB/],
  [
    'ELF-8: a second symbol table',
    (m) => m.section('.note.Linux', 'sh_type'),
    4,
    2,
    /\(\.symtab\) sh_type$/,
    /one symbol table/,
  ],
  ['ELF-8: symbols of another size', (m) => m.section('.symtab', 'sh_entsize'), 8, 16, /sh_entsize$/, /24/],
  ['ELF-8: part of a symbol', (m) => m.section('.symtab', 'sh_size'), 8, 25, /sh_size$/, /multiple of 24/],
  ['ELF-8: not one symbol', (m) => m.section('.symtab', 'sh_size'), 8, 0, /sh_size$/, /at least one/],
  ['ELF-8: more local symbols than symbols', (m) => m.section('.symtab', 'sh_info'), 4, 9999, /sh_info$/, /at most/],
  ['ELF-8: symbol names nowhere', (m) => m.section('.symtab', 'sh_link'), 4, 0, /sh_link$/, /string table/],
  [
    'ELF-8: symbol names in a section of code',
    (m) => m.section('.symtab', 'sh_link'),
    4,
    1,
    /\(\.text\) sh_type$/,
    /SHT_STRTAB/,
  ],
  [
    'ELF-8: a symbol table that is loaded',
    (m) => m.section('.symtab', 'sh_flags'),
    8,
    2,
    /sh_flags$/,
    /without SHF_ALLOC/,
  ],
  [
    'ELF-8: a string table that is loaded',
    (m) => m.section('.strtab', 'sh_flags'),
    8,
    2,
    /sh_flags$/,
    /without SHF_ALLOC/,
  ],

  [
    'ELF-9: symbol names that do not end',
    (m) => m.contents('.strtab') + sectionOf(m.elf, '.strtab').size - 1,
    1,
    65,
    /\(\.strtab\) last byte$/,
    /NUL/,
  ],
  [
    'ELF-9: symbol names that do not start with NUL',
    (m) => m.contents('.strtab'),
    1,
    65,
    /\(\.strtab\) first byte$/,
    /NUL/,
  ],
  [
    'ELF-9: section names that do not end',
    (m) => m.contents('.shstrtab') + sectionOf(m.elf, '.shstrtab').size - 1,
    1,
    65,
    /last byte$/,
    /NUL/,
  ],

  [
    'ELF-10: a symbol name beyond the strings',
    (m) => m.symbol(5, 'st_name'),
    4,
    0xffff_ffff,
    /^symbol 5 st_name$/,
    /below/,
  ],
  ['ELF-10: a symbol in an absent section', (m) => m.symbol(5, 'st_shndx'), 2, 0x1000, /^symbol 5 st_shndx$/, /below/],
  ['ELF-10: a symbol by SHN_XINDEX', (m) => m.symbol(5, 'st_shndx'), 2, 0xffff, /^symbol 5 st_shndx$/, /SHN_ABS/],
  [
    'ELF-10: a symbol in a reserved section',
    (m) => m.symbol(5, 'st_shndx'),
    2,
    0xff00,
    /^symbol 5 st_shndx$/,
    /SHN_ABS/,
  ],

  ['ELF-11: relocations of another size', (m) => m.section('.rela.text', 'sh_entsize'), 8, 16, /sh_entsize$/, /24/],
  ['ELF-11: part of a relocation', (m) => m.section('.rela.text', 'sh_size'), 8, 71, /sh_size$/, /multiple of 24/],
  [
    'ELF-11: relocations by symbols of no table',
    (m) => m.section('.rela.text', 'sh_link'),
    4,
    1,
    /sh_link$/,
    /symbol table/,
  ],
  ['ELF-11: relocations of no section', (m) => m.section('.rela.text', 'sh_info'), 4, 0, /sh_info$/, /contents/],
  [
    'ELF-11: relocations of themselves',
    (m) => m.section('.rela.text', 'sh_info'),
    4,
    indexOf('.rela.text'),
    /sh_info$/,
    /contents/,
  ],
  [
    'ELF-11: relocations of the symbol table',
    (m) => m.section('.rela.text', 'sh_info'),
    4,
    indexOf('.symtab'),
    /sh_info$/,
    /contents/,
  ],

  [
    'ELF-12: a place beyond its section',
    (m) => m.rela('.rela.text', 1, 'r_offset'),
    8,
    0x1000,
    /\(\.rela\.text\) entry 1 r_offset$/,
    /4 bytes inside/,
  ],
  [
    'ELF-12: a place whose last byte is beyond',
    (m) => m.rela('.rela.text', 0, 'r_offset'),
    8,
    25,
    /entry 0 r_offset$/,
    /4 bytes inside/,
  ],
  [
    'ELF-12: a place at 2^64-1',
    (m) => m.rela('.rela.text', 0, 'r_offset'),
    8,
    2n ** 64n - 1n,
    /entry 0 r_offset$/,
    /inside/,
  ],
  [
    'ELF-12: eight bytes where four are left',
    (m) => m.rela('.rela.data', 0, 'r_offset'),
    8,
    4,
    /entry 0 r_offset$/,
    /8 bytes inside/,
  ],
  [
    'ELF-12: an absent symbol',
    (m) => m.rela('.rela.text', 0, 'r_sym'),
    4,
    elf.symbols.count,
    /entry 0 r_info$/,
    /below/,
  ],
  ['ELF-12: symbol 2^32-1', (m) => m.rela('.rela.text', 0, 'r_sym'), 4, 0xffff_ffff, /entry 0 r_info$/, /below/],

  [
    'ELF-13: modinfo that does not end',
    (m) => m.contents('.modinfo') + sectionOf(m.elf, '.modinfo').size - 1,
    1,
    65,
    /\(\.modinfo\) last byte$/,
    /NUL/,
  ],
  [
    'ELF-13: modinfo without bytes',
    (m) => m.section('.modinfo', 'sh_type'),
    4,
    8,
    /\(\.modinfo\) sh_type$/,
    /SHT_PROGBITS/,
  ],
  [
    'ELF-13: struct module that is not loaded',
    (m) => m.section('.gnu.linkonce.this_module', 'sh_flags'),
    8,
    0,
    /sh_flags$/,
    /loaded/,
  ],
];

describe('files that are not modules', () => {
  it.each(CASES)('%s is refused', (_, at, width, value, field, expected) => {
    const fault = faultOf(write(good, at(map), width, value));
    expect(fault.field).toMatch(field);
    expect(fault.expected).toMatch(expected);
    expect(fault.found).not.toBe('');
    expect(fault.offset).toBeGreaterThanOrEqual(0);
    expect(fault.offset).toBeLessThan(good.length);
  });

  it('ELF-14: a fault points at the byte of the field that it names', () => {
    for (const [, at, width, value, field] of CASES) {
      if (!/^(e_|EI_|symbol)|r_offset/.test(field.source.replace('^', ''))) continue;
      const where = at(map);
      expect(faultOf(write(good, where, width, value)).offset).toBe(where);
    }
  });

  it('ELF-14: a fault quotes what it found, in full and in hexadecimal', () => {
    const fault = faultOf(write(good, map.section('.text', 'sh_size'), 8, 0xfedc_ba98_7654_3210n));
    expect(fault.found).toBe('0xfedcba9876543210');
  });

  it('ELF-14: a name from the file cannot bring control characters into a message', () => {
    const names = sectionOf(elf, '.shstrtab');
    const at = names.offset + elf.view.getUint32(map.section('.text', 'sh_name'), true);
    const bytes = write(write(good, at, 1, 0x1b), map.section('.text', 'sh_link'), 4, 999);
    expect(faultOf(bytes).field).toBe('section 1 (?text) sh_link');
  });

  it('ELF-1: a file shorter than its header is refused', () => {
    for (const length of [0, 1, 16, 63]) expect(faultOf(good.subarray(0, length)).field).toBe('file size');
  });

  it('ELF-2: a file cut anywhere is refused', () => {
    for (let length = 0; length < good.length; length += 7)
      expect(() => faultOf(good.subarray(0, length))).not.toThrow();
  });

  it('ELF-7: sections ordered by each other in a circle are refused', () => {
    const [text, data, note] = [indexOf('.text'), indexOf('.data'), indexOf('.note.Linux')];
    let bytes = good;
    for (const [from, to] of [
      [text, data],
      [data, note],
      [note, text],
    ] as const) {
      bytes = write(bytes, map.section(from, 'sh_link'), 4, to);
      bytes = write(bytes, map.section(from, 'sh_flags'), 8, (elf.sections[from]?.flags ?? 0) | 0x80);
    }
    expect(faultOf(bytes)).toMatchObject({ expected: 'a chain of SHF_LINK_ORDER that ends' });
  });

  it('ELF-10: a symbol beyond its section is refused, one at its end is not', () => {
    const traced = symbolIndex('traced');
    const size = sectionOf(elf, '.text').size;
    const at = map.symbol(traced, 'st_value');
    expect(faultOf(write(good, at, 8, size + 1)).field).toBe(`symbol ${traced} st_value`);
    expect(faultOf(write(good, at, 8, 2n ** 64n - 1n)).field).toBe(`symbol ${traced} st_value`);
    expect(mustRead(write(good, at, 8, size)).symbols.value[traced]).toBe(size);
  });

  it('ELF-13: a file without struct module, or with two, is no module', () => {
    const names = sectionOf(elf, '.shstrtab');
    const nameOf = (section: string): number => elf.view.getUint32(map.section(section, 'sh_name'), true);
    const without = write(good, names.offset + nameOf('.gnu.linkonce.this_module') + 3, 1, 0x78);
    expect(faultOf(without)).toMatchObject({ found: 'no .gnu.linkonce.this_module' });
    const twice = write(good, map.section('.init.data', 'sh_name'), 4, nameOf('.gnu.linkonce.this_module'));
    expect(faultOf(twice)).toMatchObject({ found: 'a second .gnu.linkonce.this_module' });
    const info = write(good, map.section('.init.data', 'sh_name'), 4, nameOf('.modinfo'));
    expect(faultOf(info)).toMatchObject({ found: 'a second .modinfo' });
  });

  it('ELF-13: a module whose name could not be a directory in /sys/module is refused', () => {
    const inferred = fixture('inferred-name.ko');
    const at = mapOf(inferred).contents('.gnu.linkonce.this_module') + 24;
    for (const byte of [0, 0x20, 0x2f, 0x0a, 0x80]) {
      expect(faultOf(write(inferred, at, 1, byte))).toMatchObject({ offset: at });
    }
    expect(faultOf(inferred.slice().fill(0x61, at, at + 56))).toMatchObject({ offset: at });
  });

  it('ELF-13: a struct module without bytes, or too short for its name, is refused', () => {
    const inferred = fixture('inferred-name.ko');
    const at = mapOf(inferred).section('.gnu.linkonce.this_module', 'sh_type');
    expect(faultOf(write(inferred, at, 4, 8))).toMatchObject({ offset: at, found: 'SHT_NOBITS' });
    expect(faultOf(write(inferred, at + 28, 8, 79))).toMatchObject({ offset: at + 28, found: '79' });
  });
});
