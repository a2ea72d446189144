/**
 * The ELF header: is this a relocatable ELF64 file for that machine, and where are its section headers?
 * Source: gABI 4 "ELF Header"; kernel/module/main.c elf_validity_check, v6.1.
 */
import { EHDR, ELFCLASS64, ELFDATA2LSB, ET_REL, EV_CURRENT, MACHINE_NAMES, SHDR, SHN_LORESERVE } from './constants.ts';
import { checked, hex, hex64, refuse, u64 } from './fault.ts';
import type { Checked } from './types.ts';

/** Where the section headers are. */
export interface SectionHeaders {
  readonly offset: number;
  readonly count: number;
  /** Index of the section that holds section names. */
  readonly names: number;
}

export function readHeader(view: DataView, machine: number): Checked<SectionHeaders> {
  const length = view.byteLength;
  if (length < EHDR.size) return refuse(0, 'file size', `${length} bytes`, `at least ${EHDR.size} (an ELF64 header)`);
  for (const [at, byte] of EHDR.magic.entries()) {
    const found = view.getUint8(at);
    if (found !== byte) return refuse(at, `e_ident[${at}]`, hex(found), `${hex(byte)} (ELF magic)`);
  }
  const ident: [at: number, field: string, value: number, meaning: string][] = [
    [EHDR.EI_CLASS, 'EI_CLASS', ELFCLASS64, 'ELFCLASS64'],
    [EHDR.EI_DATA, 'EI_DATA', ELFDATA2LSB, 'ELFDATA2LSB'],
    [EHDR.EI_VERSION, 'EI_VERSION', EV_CURRENT, 'EV_CURRENT'],
  ];
  for (const [at, field, value, meaning] of ident) {
    const found = view.getUint8(at);
    if (found !== value) return refuse(at, field, String(found), `${value} (${meaning})`);
  }
  const halves: [at: number, field: string, value: number, meaning: string][] = [
    [EHDR.e_type, 'e_type', ET_REL, 'ET_REL'],
    [EHDR.e_machine, 'e_machine', machine, MACHINE_NAMES.get(machine) ?? 'the machine that it is loaded into'],
    [EHDR.e_ehsize, 'e_ehsize', EHDR.size, 'an ELF64 header'],
    [EHDR.e_shentsize, 'e_shentsize', SHDR.size, 'an ELF64 section header'],
  ];
  for (const [at, field, value, meaning] of halves) {
    const found = view.getUint16(at, true);
    if (found === value) continue;
    const name = at === EHDR.e_machine ? MACHINE_NAMES.get(found) : undefined;
    return refuse(at, field, name === undefined ? String(found) : `${found} (${name})`, `${value} (${meaning})`);
  }
  const version = view.getUint32(EHDR.e_version, true);
  if (version !== EV_CURRENT) return refuse(EHDR.e_version, 'e_version', String(version), '1 (EV_CURRENT)');

  const count = view.getUint16(EHDR.e_shnum, true);
  if (count === 0 || count >= SHN_LORESERVE) {
    return refuse(EHDR.e_shnum, 'e_shnum', String(count), `1 to ${SHN_LORESERVE - 1} sections`);
  }
  const offset = u64(view, EHDR.e_shoff);
  if (offset < EHDR.size || offset > length - count * SHDR.size) {
    const room = `${EHDR.size} to ${hex(length - count * SHDR.size)} (${count} headers, file of ${length} bytes)`;
    return refuse(EHDR.e_shoff, 'e_shoff', hex64(view, EHDR.e_shoff), room);
  }
  const names = view.getUint16(EHDR.e_shstrndx, true);
  if (names === 0 || names >= count) {
    return refuse(EHDR.e_shstrndx, 'e_shstrndx', String(names), `1 to ${count - 1} (a section)`);
  }
  return checked({ offset, count, names });
}
