/**
 * The symbol table as columns, every name and section index of it checked.
 * Source: gABI 4 "Symbol Table"; kernel/module/main.c simplify_symbols and kernel/module/kallsyms.c, v6.1.
 */
import {
  LIMIT,
  SHDR,
  SHF_ALLOC,
  SHN_ABS,
  SHN_COMMON,
  SHN_LIVEPATCH,
  SHN_LORESERVE,
  SHN_UNDEF,
  SHT_SYMTAB,
  SYM,
} from './constants.ts';
import { checked, hex, hex64, refuse } from './fault.ts';
import { checkStrings, readName, stringLength } from './strings.ts';
import type { Checked, Section, SymbolTable } from './types.ts';

const { size: ENTRY, st_name: NAME, st_info: INFO, st_shndx: SHNDX, st_value: VALUE } = SYM;

export function readSymbols(
  bytes: Uint8Array,
  view: DataView,
  sections: readonly Section[],
  headersAt: number,
): Checked<SymbolTable> {
  const found = findTables(bytes, sections, headersAt);
  if (!found.ok) return found;
  const { symtab, strtab } = found.value;
  const count = symtab.size / ENTRY;
  // All columns in one block of memory.
  const block = new ArrayBuffer(count * 15);
  const value = new Float64Array(block, 0, count);
  const nameOffset = new Uint32Array(block, count * 8, count);
  const shndx = new Uint16Array(block, count * 12, count);
  const info = new Uint8Array(block, count * 14, count);

  let undefinedNames = 0;
  for (let i = 0, at = symtab.offset; i < count; i++, at += ENTRY) {
    const name = view.getUint32(at, true);
    const section = view.getUint16(at + SHNDX, true);
    const symbolValue = view.getInt32(at + VALUE + 4, true) * 0x1_0000_0000 + view.getUint32(at + VALUE, true);
    if (name >= strtab.size) {
      const expected = `below ${hex(strtab.size)} (the size of section ${strtab.index}, ${strtab.name})`;
      return refuse(at + NAME, `symbol ${i} st_name`, hex(name), expected);
    }
    if (section === SHN_UNDEF) {
      undefinedNames += stringLength(bytes, strtab.offset + name);
      if (undefinedNames > LIMIT.names) {
        const expected = `at most ${LIMIT.names} in all`;
        return refuse(at, `symbol ${i} st_name`, `undefined names of ${undefinedNames} bytes`, expected);
      }
    } else if (section < SHN_LORESERVE) {
      if (section >= sections.length) {
        return refuse(at + SHNDX, `symbol ${i} st_shndx`, hex(section), `below ${sections.length} (a section)`);
      }
      const room = sections[section]?.size ?? 0;
      if (symbolValue < 0 || symbolValue > room) {
        const expected = `at most ${hex(room)} (the size of section ${section}, ${sections[section]?.name ?? ''})`;
        return refuse(at + VALUE, `symbol ${i} st_value`, hex64(view, at + VALUE), expected);
      }
    } else if (section !== SHN_ABS && section !== SHN_COMMON && section !== SHN_LIVEPATCH) {
      const expected = 'a section, SHN_ABS, SHN_COMMON or SHN_LIVEPATCH';
      return refuse(at + SHNDX, `symbol ${i} st_shndx`, hex(section), expected);
    }
    nameOffset[i] = name;
    info[i] = view.getUint8(at + INFO);
    shndx[i] = section;
    value[i] = symbolValue;
  }

  const nameAt = (index: number): number => strtab.offset + (nameOffset[index] ?? 0);
  return checked({
    section: symtab.index,
    count,
    nameOffset,
    info,
    shndx,
    value,
    valueHigh: (index) => view.getInt32(symtab.offset + index * ENTRY + VALUE + 4, true),
    valueLow: (index) => view.getUint32(symtab.offset + index * ENTRY + VALUE, true),
    name: (index) => readName(bytes, nameAt(index)),
    nameLength: (index) => stringLength(bytes, nameAt(index)),
  });
}

/** The one symbol table and its strings. */
function findTables(
  bytes: Uint8Array,
  sections: readonly Section[],
  headersAt: number,
): Checked<{ readonly symtab: Section; readonly strtab: Section }> {
  const headerAt = (section: Section): number => headersAt + section.index * SHDR.size;
  const [symtab, second] = sections.filter((section) => section.type === SHT_SYMTAB);
  if (symtab === undefined) return refuse(headersAt, 'section headers', 'no symbol table', 'one of type SHT_SYMTAB');
  if (second !== undefined) {
    const field = `section ${second.index} (${second.name}) sh_type`;
    return refuse(headerAt(second) + SHDR.sh_type, field, 'a second SHT_SYMTAB', 'one symbol table');
  }
  const bad = (field: keyof typeof SHDR, what: string, expected: string) =>
    refuse(headerAt(symtab) + SHDR[field], `section ${symtab.index} (${symtab.name}) ${field}`, what, expected);
  if ((symtab.flags & SHF_ALLOC) !== 0) return bad('sh_flags', hex(symtab.flags), 'a symbol table without SHF_ALLOC');
  if (symtab.entsize !== ENTRY) return bad('sh_entsize', hex(symtab.entsize), `${ENTRY} (Elf64_Sym)`);
  if (symtab.size === 0 || symtab.size % ENTRY !== 0) {
    return bad('sh_size', hex(symtab.size), `a multiple of ${ENTRY}, at least one symbol`);
  }
  if (symtab.info > symtab.size / ENTRY) {
    return bad('sh_info', hex(symtab.info), `at most ${symtab.size / ENTRY} (the number of symbols)`);
  }
  const strtab = sections[symtab.link];
  if (strtab === undefined || symtab.link === 0) return bad('sh_link', String(symtab.link), 'its string table');
  const strings = checkStrings(bytes, strtab, headerAt(strtab));
  if (!strings.ok) return strings;
  if ((strtab.flags & SHF_ALLOC) !== 0) {
    const field = `section ${strtab.index} (${strtab.name}) sh_flags`;
    return refuse(headerAt(strtab) + SHDR.sh_flags, field, hex(strtab.flags), 'a string table without SHF_ALLOC');
  }
  return checked({ symtab, strtab });
}
