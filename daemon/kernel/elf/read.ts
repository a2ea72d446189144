/**
 * From bytes to a checked module file. Whatever is wrong with the file is said here, before anything is allocated for it;
 * who holds an ElfModule need not check bounds again.
 * Source: gABI chapter 4; kernel/module/main.c elf_validity_check, v6.1, and elf_validity_cache_copy, v6.12.
 */
import { readHeader } from './header.ts';
import { readModuleInfo } from './modinfo.ts';
import { checkRelas } from './rela.ts';
import { readSections } from './sections.ts';
import { readSymbols } from './symbols.ts';
import type { ElfResult } from './types.ts';

/**
 * Reads a relocatable ELF64 module for `machine` (e_machine). Keeps `bytes`, copies no contents; time and memory are
 * linear in the file's size.
 */
export function readElf(bytes: Uint8Array, machine: number): ElfResult {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headers = readHeader(view, machine);
  if (!headers.ok) return headers;
  const sections = readSections(bytes, view, headers.value);
  if (!sections.ok) return sections;
  const symbols = readSymbols(bytes, view, sections.value, headers.value.offset);
  if (!symbols.ok) return symbols;
  const relas = checkRelas(view, machine, sections.value, symbols.value, headers.value.offset);
  if (!relas.ok) return relas;
  const info = readModuleInfo(bytes, sections.value, headers.value.offset);
  if (!info.ok) return info;
  const { modinfo, name } = info.value;
  return { ok: true, elf: { bytes, view, machine, sections: sections.value, symbols: symbols.value, modinfo, name } };
}
