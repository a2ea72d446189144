/** The relocations of a loaded module at a place, read from its file again, with what each came to. */
import { fromHex } from '../../../protocol/address.ts';
import { RELOC_TYPES } from '../arch/arm64/reloc-types.ts';
import { EM_AARCH64, RELOCATION_WIDTH, SHN_UNDEF, SHT_RELA, STT_SECTION } from '../elf/constants.ts';
import { addendAt, entryAt, offsetAt, readRela, symbolAt, typeAt } from '../elf/rela.ts';
import type { ElfModule } from '../elf/types.ts';
import type { LoadedModule, State } from '../state.ts';
import { VMLINUX } from '../static-call/state.ts';
import { sectionAddresses } from './names.ts';

export interface Relocation {
  /** Where it writes, and how many bytes of it an instruction or a datum has. */
  readonly address: number;
  readonly width: number;
  /** As the ABI calls it. */
  readonly type: string;
  readonly symbol: string;
  readonly addend: number;
  /** The section that it changes, and the offset in it. */
  readonly section: string;
  readonly offset: number;
  /** S + A: where a branch is meant to go. NaN where nobody has the symbol. */
  readonly value: number;
  /** Who has the symbol: the module itself, another, vmlinux; null where nobody has it. */
  readonly from: string | null;
}

/** System V ABI AMD64 supplement, table 4.9. */
const X86_NAMES: ReadonlyMap<number, string> = new Map([
  [1, 'R_X86_64_64'],
  [2, 'R_X86_64_PC32'],
  [4, 'R_X86_64_PLT32'],
  [10, 'R_X86_64_32'],
  [11, 'R_X86_64_32S'],
  [24, 'R_X86_64_PC64'],
]);
const ARM64_NAMES: ReadonlyMap<number, string> = new Map(RELOC_TYPES.map(({ type, name }) => [type, name]));

const nameOf = (machine: number, type: number): string =>
  (machine === EM_AARCH64 ? ARM64_NAMES : X86_NAMES).get(type) ?? `type ${type}`;

/** Relocations that write to [start, end), in order of address. */
export function relocationsAt(
  state: State,
  module: LoadedModule,
  elf: ElfModule,
  start: number,
  end: number,
): readonly Relocation[] {
  const sections = sectionAddresses(module, elf);
  const widths = RELOCATION_WIDTH.get(elf.machine);
  const found: Relocation[] = [];
  for (const { index, type: kind, info } of elf.sections) {
    const base = sections[info] ?? Number.NaN;
    const size = elf.sections[info]?.size ?? 0;
    if (kind !== SHT_RELA || Number.isNaN(base) || base >= end || base + size <= start) continue;
    const rela = readRela(elf, index);
    for (let i = 0; i < rela.count; i++) {
      const at = entryAt(rela, i);
      const offset = offsetAt(elf.view, at);
      const type = typeAt(elf.view, at);
      const width = widths?.get(type) ?? 4;
      if (base + offset >= end || base + offset + width <= start) continue;
      const symbol = symbolAt(elf.view, at);
      const addend = addendAt(elf.view, at);
      const { name, value, from } = symbolOf(state, module, elf, sections, symbol);
      found.push({
        address: base + offset,
        width,
        type: nameOf(elf.machine, type),
        symbol: name,
        addend,
        section: elf.sections[info]?.name ?? '',
        offset,
        value: value + addend,
        from,
      });
    }
  }
  return found.sort((a, b) => a.address - b.address);
}

function symbolOf(
  { profile }: State,
  module: LoadedModule,
  elf: ElfModule,
  sections: Float64Array,
  symbol: number,
): { readonly name: string; readonly value: number; readonly from: string | null } {
  const { symbols } = elf;
  const shndx = symbols.shndx[symbol] ?? SHN_UNDEF;
  const own = symbols.name(symbol);
  if (shndx === SHN_UNDEF) {
    const tramp = profile?.callTramps.get(own);
    if (tramp) return { name: own, value: tramp.tramp, from: VMLINUX };
    const found = module.imports.find(({ name }) => name === own);
    return { name: own, value: found ? fromHex(found.address) : Number.NaN, from: found?.owner ?? null };
  }
  const ofSection = ((symbols.info[symbol] ?? 0) & 0xf) === STT_SECTION;
  const name = own === '' || ofSection ? (elf.sections[shndx]?.name ?? own) : own;
  return { name, value: (symbols.value[symbol] ?? 0) + (sections[shndx] ?? 0), from: module.name };
}
