/** Takes a good module file apart and writes single fields of a copy, so that a test can say what is wrong in one line. */
import { EHDR, RELA, SHDR, SYM } from '../../../daemon/kernel/elf/constants.ts';
import { readElf } from '../../../daemon/kernel/elf/read.ts';
import type { ElfFault, ElfModule, Section } from '../../../daemon/kernel/elf/types.ts';

export const ARM64 = 183;

export function mustRead(bytes: Uint8Array, machine = ARM64): ElfModule {
  const result = readElf(bytes, machine);
  if (!result.ok) throw new Error(JSON.stringify(result.fault));
  return result.elf;
}

export function faultOf(bytes: Uint8Array, machine = ARM64): ElfFault {
  const result = readElf(bytes, machine);
  if (result.ok) throw new Error('the file was accepted');
  return result.fault;
}

export function sectionOf(elf: ElfModule, name: string): Section {
  const section = elf.sections.find((candidate) => candidate.name === name);
  if (section === undefined) throw new Error(`no section ${name}`);
  return section;
}

/** Where fields are in one file. Offsets of fields, all in bytes from the file's start. */
export interface FileMap {
  header(field: keyof typeof EHDR): number;
  section(name: string | number, field: keyof typeof SHDR): number;
  symbol(index: number, field: keyof typeof SYM): number;
  rela(section: string, entry: number, field: keyof typeof RELA): number;
  contents(section: string): number;
  readonly elf: ElfModule;
}

export function mapOf(bytes: Uint8Array): FileMap {
  const elf = mustRead(bytes);
  const headers = elf.view.getUint32(EHDR.e_shoff, true);
  return {
    elf,
    header: (field) => Number(EHDR[field]),
    section: (name, field) => {
      const index = typeof name === 'number' ? name : sectionOf(elf, name).index;
      return headers + index * SHDR.size + (field === 'size' ? 0 : SHDR[field]);
    },
    symbol: (index, field) => sectionOf(elf, '.symtab').offset + index * SYM.size + (field === 'size' ? 0 : SYM[field]),
    rela: (name, entry, field) =>
      sectionOf(elf, name).offset + entry * RELA.size + (field === 'size' ? 0 : RELA[field]),
    contents: (name) => sectionOf(elf, name).offset,
  };
}

/** A copy with one little-endian field of 1, 2, 4 or 8 bytes written. */
export function write(bytes: Uint8Array, at: number, width: 1 | 2 | 4 | 8, value: number | bigint): Uint8Array {
  const copy = bytes.slice();
  const view = new DataView(copy.buffer);
  if (width === 1) view.setUint8(at, Number(value));
  else if (width === 2) view.setUint16(at, Number(value), true);
  else if (width === 4) view.setUint32(at, Number(value), true);
  else view.setBigUint64(at, BigInt(value), true);
  return copy;
}
