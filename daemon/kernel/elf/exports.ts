/**
 * What a module offers to others. An entry of `__ksymtab` or `__ksymtab_gpl` is three 32-bit place-relative words: the
 * symbol, its name, and its namespace, the last two in `__ksymtab_strings`. In the file the words are relocations.
 * Source: struct kernel_symbol with CONFIG_HAVE_ARCH_PREL32_RELOCATIONS, kernel/module/internal.h, v6.1 and v6.12.
 */
import {
  EHDR,
  RELA,
  RELOCATION_PREL32,
  SHDR,
  SHF_ALLOC,
  SHN_LORESERVE,
  SHN_UNDEF,
  SHT_NOBITS,
  SHT_RELA,
} from './constants.ts';
import { checked, hex, refuse, u64 } from './fault.ts';
import { readRela } from './rela.ts';
import { readString } from './strings.ts';
import type { Checked, ElfExport, ElfModule, RelaColumns, Section } from './types.ts';

const ENTRY = 12;
const WORD = 4;

/** Exports in table order, `__ksymtab` before `__ksymtab_gpl`. A table that cannot be read is a fault. */
export function readExports(elf: ElfModule): Checked<readonly ElfExport[]> {
  const all: ElfExport[] = [];
  for (const [name, gplOnly] of [
    ['__ksymtab', false],
    ['__ksymtab_gpl', true],
  ] as const) {
    const table = elf.sections.find((section) => section.name === name && (section.flags & SHF_ALLOC) !== 0);
    if (table === undefined || table.size === 0) continue;
    const read = readTable(elf, table, gplOnly, all);
    if (!read.ok) return read;
  }
  return checked(all);
}

function readTable(elf: ElfModule, table: Section, gplOnly: boolean, into: ElfExport[]): Checked<undefined> {
  const field = `section ${table.index} (${table.name})`;
  const headerAt = u64(elf.view, EHDR.e_shoff) + table.index * SHDR.size;
  if (table.type === SHT_NOBITS)
    return refuse(headerAt + SHDR.sh_type, `${field} sh_type`, 'SHT_NOBITS', 'SHT_PROGBITS');
  if (table.size % ENTRY !== 0) {
    return refuse(
      headerAt + SHDR.sh_size,
      `${field} sh_size`,
      hex(table.size),
      `a multiple of ${ENTRY} (struct kernel_symbol)`,
    );
  }
  const rela = elf.sections.find((section) => section.type === SHT_RELA && section.info === table.index);
  if (rela === undefined) return refuse(table.offset, field, 'no relocations', 'one for each word');
  const columns = readRela(elf, rela.index);
  const byWord = indexByWord(elf, columns, table);
  if (!byWord.ok) return byWord;
  for (let word = 0; word < table.size / WORD; word += 3) {
    const value = byWord.value[word] ?? -1;
    const name = readName(elf, columns, byWord.value[word + 1] ?? -1, table, word + 1);
    if (!name.ok) return name;
    const namespace = readName(elf, columns, byWord.value[word + 2] ?? -1, table, word + 2);
    if (!namespace.ok) return namespace;
    if (value < 0) return refuse(table.offset + word * WORD, `${field} entry ${word / 3}`, 'no relocation', 'a symbol');
    if (name.value === '') {
      return refuse(table.offset + word * WORD, `${field} entry ${word / 3} name`, '""', 'a name');
    }
    into.push({
      name: name.value,
      symbol: columns.symbol[value] ?? 0,
      addend: columns.addend[value] ?? 0,
      gplOnly,
      namespace: namespace.value,
    });
  }
  return checked(undefined);
}

/** Which relocation makes each word of the table; -1 where none does. */
function indexByWord(elf: ElfModule, columns: RelaColumns, table: Section): Checked<Int32Array> {
  const prel32 = RELOCATION_PREL32.get(elf.machine);
  const words = new Int32Array(table.size / WORD).fill(-1);
  for (let i = 0; i < columns.count; i++) {
    const offset = columns.offset[i] ?? 0;
    const field = `section ${columns.section} entry ${i}`;
    const at = (elf.sections[columns.section]?.offset ?? 0) + i * RELA.size;
    if (columns.type[i] !== prel32) {
      return refuse(
        at + RELA.r_type,
        `${field} r_info`,
        `type ${columns.type[i]}`,
        `type ${prel32}, 32-bit place-relative`,
      );
    }
    if (offset % WORD !== 0 || words[offset / WORD] !== -1) {
      return refuse(at, `${field} r_offset`, hex(offset), `one relocation for each word of ${table.name}`);
    }
    words[offset / WORD] = i;
  }
  return checked(words);
}

/** The string that relocation `i` points at, which must end inside its section. */
function readName(elf: ElfModule, columns: RelaColumns, i: number, table: Section, word: number): Checked<string> {
  const field = `section ${table.index} (${table.name}) entry ${Math.floor(word / 3)} ${word % 3 === 1 ? 'name' : 'namespace'}`;
  const at = table.offset + word * WORD;
  if (i < 0) return refuse(at, field, 'no relocation', 'one into __ksymtab_strings');
  const symbol = columns.symbol[i] ?? 0;
  const shndx = elf.symbols.shndx[symbol] ?? SHN_UNDEF;
  const strings = elf.sections[shndx];
  if (shndx === SHN_UNDEF || shndx >= SHN_LORESERVE || strings === undefined || strings.type === SHT_NOBITS) {
    return refuse(at, field, `symbol ${symbol} in no section with bytes`, 'a string in __ksymtab_strings');
  }
  const start = (elf.symbols.value[symbol] ?? 0) + (columns.addend[i] ?? 0);
  if (start < 0 || start >= strings.size) {
    return refuse(at, field, hex(start), `below ${hex(strings.size)} (section ${strings.index}, ${strings.name})`);
  }
  const end = strings.offset + strings.size;
  const nul = elf.bytes.indexOf(0, strings.offset + start);
  if (nul < 0 || nul >= end) return refuse(at, field, 'a string without end', `a NUL in section ${strings.index}`);
  return checked(readString(elf.bytes, strings.offset + start));
}
