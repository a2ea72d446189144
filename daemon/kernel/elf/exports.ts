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
import { addendAt, entryAt, offsetAt, readRela, symbolAt, typeAt } from './rela.ts';
import { readName, stringLength } from './strings.ts';
import type { Checked, ElfExport, ElfModule, RelaSection, Section } from './types.ts';

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
  const entries = readRela(elf, rela.index);
  const byWord = indexByWord(elf, entries, table);
  if (!byWord.ok) return byWord;
  const { view } = elf;
  for (let word = 0; word < table.size / WORD; word += 3) {
    const value = byWord.value[word] ?? 0;
    const name = readPointed(elf, byWord.value[word + 1] ?? 0, table, word + 1);
    if (!name.ok) return name;
    const namespace = readPointed(elf, byWord.value[word + 2] ?? 0, table, word + 2);
    if (!namespace.ok) return namespace;
    if (value === 0) {
      return refuse(table.offset + word * WORD, `${field} entry ${word / 3}`, 'no relocation', 'a symbol');
    }
    if (name.value === '') {
      return refuse(table.offset + word * WORD, `${field} entry ${word / 3} name`, '""', 'a name');
    }
    into.push({
      name: name.value,
      symbol: symbolAt(view, value),
      addend: addendAt(view, value),
      gplOnly,
      namespace: namespace.value,
    });
  }
  return checked(undefined);
}

/** Where in the file the relocation of each word of the table is; 0 where none is. */
function indexByWord(elf: ElfModule, rela: RelaSection, table: Section): Checked<Uint32Array> {
  const { view } = elf;
  const prel32 = RELOCATION_PREL32.get(elf.machine);
  const words = new Uint32Array(table.size / WORD);
  for (let i = 0; i < rela.count; i++) {
    const at = entryAt(rela, i);
    const offset = offsetAt(view, at);
    const type = typeAt(view, at);
    if (type !== prel32) {
      const field = `section ${rela.section} entry ${i} r_info`;
      return refuse(at + RELA.r_type, field, `type ${type}`, `type ${prel32}, 32-bit place-relative`);
    }
    if (offset % WORD !== 0 || words[offset / WORD] !== 0) {
      const field = `section ${rela.section} entry ${i} r_offset`;
      return refuse(at, field, hex(offset), `one relocation for each word of ${table.name}`);
    }
    words[offset / WORD] = at;
  }
  return checked(words);
}

/** The string that the relocation at `entry` points at, which must end inside its section. */
function readPointed(elf: ElfModule, entry: number, table: Section, word: number): Checked<string> {
  const bad = (found: string, expected: string) => {
    const what = word % 3 === 1 ? 'name' : 'namespace';
    const field = `section ${table.index} (${table.name}) entry ${Math.floor(word / 3)} ${what}`;
    return refuse(table.offset + word * WORD, field, found, expected);
  };
  if (entry === 0) return bad('no relocation', 'one into __ksymtab_strings');
  const symbol = symbolAt(elf.view, entry);
  const shndx = elf.symbols.shndx[symbol] ?? SHN_UNDEF;
  const strings = elf.sections[shndx];
  if (shndx === SHN_UNDEF || shndx >= SHN_LORESERVE || strings === undefined || strings.type === SHT_NOBITS) {
    return bad(`symbol ${symbol} in no section with bytes`, 'a string in __ksymtab_strings');
  }
  const start = (elf.symbols.value[symbol] ?? 0) + addendAt(elf.view, entry);
  if (start < 0 || start >= strings.size) {
    return bad(hex(start), `below ${hex(strings.size)} (section ${strings.index}, ${strings.name})`);
  }
  const at = strings.offset + start;
  if (stringLength(elf.bytes, at) >= strings.size - start) {
    return bad('a string without end', `a NUL in section ${strings.index}`);
  }
  return checked(readName(elf.bytes, at));
}
