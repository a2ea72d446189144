/**
 * RELA sections: checked once when the file is read, and read where they stand whenever somebody needs them.
 * Source: gABI 4 "Relocation"; kernel/module/main.c apply_relocations, v6.1.
 */
import {
  RELA,
  RELOCATION_WIDTH,
  SHDR,
  SHF_ALLOC,
  SHF_COMPRESSED,
  SHT_NULL,
  SHT_REL,
  SHT_RELA,
  SHT_STRTAB,
  SHT_SYMTAB,
} from './constants.ts';
import { checked, hex, hex64, refuse } from './fault.ts';
import type { Checked, ElfModule, RelaSection, Section, SymbolTable } from './types.ts';

/** Plain numbers: the loops below run once for each of millions of relocations. */
const { size: ENTRY, r_type: TYPE, r_sym: SYMBOL, r_addend: ADDEND } = RELA;
const HIGH = 0x1_0000_0000;

const NOT_A_TARGET: readonly number[] = [SHT_NULL, SHT_RELA, SHT_REL, SHT_SYMTAB, SHT_STRTAB];

/** Checks every RELA section's header, and each relocation's place and symbol. Allocates nothing. */
export function checkRelas(
  view: DataView,
  machine: number,
  sections: readonly Section[],
  symbols: SymbolTable,
  headersAt: number,
): Checked<undefined> {
  for (const section of sections) {
    if (section.type !== SHT_RELA) continue;
    const bad = (field: keyof typeof SHDR, found: string, expected: string) => {
      const at = headersAt + section.index * SHDR.size + SHDR[field];
      return refuse(at, `section ${section.index} (${section.name}) ${field}`, found, expected);
    };
    if (section.entsize !== ENTRY) return bad('sh_entsize', hex(section.entsize), `${ENTRY} (Elf64_Rela)`);
    if (section.size % ENTRY !== 0) return bad('sh_size', hex(section.size), `a multiple of ${ENTRY}`);
    if (section.link !== symbols.section) {
      return bad('sh_link', String(section.link), `${symbols.section} (the symbol table)`);
    }
    const target = sections[section.info];
    if (target === undefined || NOT_A_TARGET.includes(target.type)) {
      return bad('sh_info', String(section.info), 'a section with contents to relocate');
    }
    const entries = checkEntries(view, machine, section, target, symbols.count);
    if (!entries.ok) return entries;
  }
  return checked(undefined);
}

/** A relocation that writes beyond its section would corrupt what follows it in memory. */
function checkEntries(
  view: DataView,
  machine: number,
  section: Section,
  target: Section,
  symbolCount: number,
): Checked<undefined> {
  const widths = RELOCATION_WIDTH.get(machine);
  const loaded = (target.flags & SHF_ALLOC) !== 0;
  // Offsets into a compressed section are offsets into what it unpacks to, which nobody unpacks here.
  const room = (target.flags & SHF_COMPRESSED) !== 0 ? Number.MAX_SAFE_INTEGER : target.size;
  const end = section.offset + section.size;
  for (let at = section.offset; at < end; at += ENTRY) {
    const offset = offsetAt(view, at);
    // Eight bytes are enough for every type: the type matters only at a section's very end.
    if (offset > room - 8) {
      const type = view.getUint32(at + TYPE, true);
      const width = loaded ? (widths?.get(type) ?? 4) : 1;
      if (offset > room - width) {
        const field = `section ${section.index} (${section.name}) entry ${(at - section.offset) / ENTRY} r_offset`;
        const expected = `${width} bytes inside section ${target.index} (${target.name}) of ${hex(room)} bytes`;
        return refuse(at, field, hex64(view, at), expected);
      }
    }
    const symbol = view.getUint32(at + SYMBOL, true);
    if (symbol >= symbolCount) {
      const field = `section ${section.index} (${section.name}) entry ${(at - section.offset) / ENTRY} r_info`;
      return refuse(at + SYMBOL, field, `symbol ${symbol}`, `below ${symbolCount} (the number of symbols)`);
    }
  }
  return checked(undefined);
}

/** The relocations of section `index` in file order. Throws if the section is not SHT_RELA. */
export function readRela({ sections, view }: ElfModule, index: number): RelaSection {
  const section = sections[index];
  if (section?.type !== SHT_RELA) throw new RangeError(`section ${index} is not SHT_RELA`);
  const { info: target, size, offset: start } = section;
  return { section: index, target, count: size / ENTRY, view, start, order: undefined };
}

/** Where in its view the relocation starts that is applied i-th. */
export function entryAt({ start, order }: RelaSection, i: number): number {
  return start + ENTRY * (order === undefined ? i : (order[i] as number));
}

/** r_offset of the entry at `at`: exact, as the reader refuses what is beyond its section. */
export function offsetAt(view: DataView, at: number): number {
  return view.getUint32(at + 4, true) * HIGH + view.getUint32(at, true);
}

export function typeAt(view: DataView, at: number): number {
  return view.getUint32(at + TYPE, true);
}

export function symbolAt(view: DataView, at: number): number {
  return view.getUint32(at + SYMBOL, true);
}

/** r_addend, signed; rounded beyond 2^53. */
export function addendAt(view: DataView, at: number): number {
  return view.getInt32(at + ADDEND + 4, true) * HIGH + view.getUint32(at + ADDEND, true);
}

export function exactAddendAt(view: DataView, at: number): bigint {
  return view.getBigInt64(at + ADDEND, true);
}
