/**
 * What of one module does not depend on where it lands: the sizes of its parts, where in them its exports are, its branches
 * in the order in which the loader relocates them, and what other relocations can overflow. Numbers only.
 *
 * The loader's own functions read, size and lay out. What is told here of relocations holds for modules that the kernel has
 * loaded once: whatever in a file is wrong at every address was found then.
 */
import type { Part } from '../../../protocol/events/memory.ts';
import { EXACT } from '../../kernel/arch/exact.ts';
import { archOf } from '../../kernel/arch/select.ts';
import { EM_X86_64, SHF_ALLOC, SHN_ABS, SHN_LORESERVE, SHN_UNDEF, SHT_RELA } from '../../kernel/elf/constants.ts';
import { readExports } from '../../kernel/elf/exports.ts';
import { readImports } from '../../kernel/elf/imports.ts';
import { readElf } from '../../kernel/elf/read.ts';
import { readRela } from '../../kernel/elf/rela.ts';
import type { ElfModule } from '../../kernel/elf/types.ts';
import { settleFlags } from '../../kernel/loader/flags.ts';
import { type LaidOut, layOut } from '../../kernel/loader/layout.ts';
import { isInitPart } from '../../kernel/loader/place.ts';
import { readCandidate } from '../../kernel/loader/read.ts';
import type { Profile } from '../../kernel/profile.ts';
import { outlineArm64 } from './outline-arm64.ts';
import { outlineX86 } from './outline-x86.ts';
import {
  FROM_IMPORT,
  FROM_PART,
  FROM_PERCPU,
  FROM_ZERO,
  type Place,
  REACH,
  type Relocations,
  type Sized,
} from './relocations.ts';

export interface PltPlace {
  readonly part: number;
  readonly offset: number;
  readonly slots: number;
}

export interface Outline extends Relocations {
  /** In order of allocation. */
  readonly parts: readonly { readonly part: Part; readonly size: number; readonly init: boolean }[];
  readonly imports: readonly string[];
  readonly exports: readonly (Place & { readonly name: string })[];
  readonly percpu: { readonly size: number; readonly align: number } | undefined;
  readonly plt: Readonly<Record<'core' | 'init', PltPlace>>;
}

const LARGEST = 2 ** 26;

/** Undefined where only the kernel itself can tell what becomes of the module at other addresses. */
export function outlineOf(bytes: Uint8Array, profile: Profile): Outline | undefined {
  const arch = archOf(profile);
  const read = readElf(bytes, arch.machine);
  if (!read.ok) return undefined;
  const { elf } = read;
  const relas = elf.sections.flatMap(({ type, index }) => (type === SHT_RELA ? [readRela(elf, index)] : []));
  const frobbed = arch.frobSections(elf, relas, profile);
  const candidate = readCandidate(bytes, profile, arch);
  const exported = readExports(elf);
  if (!frobbed.ok || !candidate.ok || !exported.ok) return undefined;
  const settled = settleFlags(elf.name, frobbed.sections);
  if (!settled.ok) return undefined;
  const { sections, percpu, percpuIndex } = settled.value;
  const laidOut = layOut(profile.layout, sections, candidate.value.tables, profile.pageSize);
  const imports = readImports(elf);
  const sized = measure(elf, laidOut, percpuIndex, new Map(imports.map(({ symbol }, i) => [symbol, i])));
  // A weak symbol that nobody has keeps what the file says: 0 in every file that a linker made.
  if (imports.some(({ symbol }) => elf.symbols.value[symbol] !== 0)) return undefined;
  const wanted = frobbed.relas.filter(({ target }) => ((sections[target]?.flags ?? 0) & SHF_ALLOC) !== 0);
  const isTramp = (index: number) => profile.callTramps.has(imports[index]?.name ?? '');
  const relocations =
    arch.machine === EM_X86_64 ? outlineX86(sized, wanted) : outlineArm64(sized, wanted, profile, isTramp);
  const exports: Outline['exports'][number][] = [];
  for (const { name, symbol, addend } of exported.value) {
    const place = sized.place(symbol);
    if (!place) return undefined;
    exports.push({ name, from: place.from, index: place.index, value: place.value + addend });
  }
  if (!relocations) return undefined;
  const plt = (name: string, slots: number): PltPlace => {
    const section = elf.sections.findLast((each) => each.name === name)?.index ?? -1;
    return { part: sized.part(section), offset: sized.offset(section), slots };
  };
  const { pltReserved } = candidate.value;
  // In a larger part a branch might not even reach its PLT.
  for (let at = 0; at < relocations.reaches.length; at += REACH.length) {
    const part = laidOut.parts[relocations.reaches[at + REACH.part] ?? -1];
    if ((part?.size ?? 0) > LARGEST) return undefined;
  }
  return {
    ...relocations,
    parts: laidOut.parts.map(({ part, size }) => ({ part, size, init: isInitPart(part) })),
    imports: imports.map(({ name }) => name),
    exports,
    percpu,
    plt: { core: plt('.plt', pltReserved.core), init: plt('.init.plt', pltReserved.init) },
  };
}

function measure(elf: ElfModule, laidOut: LaidOut, percpu: number, imports: ReadonlyMap<number, number>): Sized {
  const { symbols } = elf;
  const part = (section: number) => laidOut.partOf[section] ?? -1;
  const offset = (section: number) => laidOut.offset[section] ?? 0;
  return {
    elf,
    part,
    offset,
    isInit: (index) => isInitPart(laidOut.parts[index]?.part ?? 'core'),
    place: (symbol) => {
      const section = symbols.shndx[symbol] ?? SHN_UNDEF;
      const value = symbols.value[symbol] ?? 0;
      if (!(Math.abs(value) < EXACT)) return undefined;
      if (section === SHN_UNDEF) {
        const index = imports.get(symbol);
        return index === undefined ? { from: FROM_ZERO, index: 0, value } : { from: FROM_IMPORT, index, value: 0 };
      }
      if (section === SHN_ABS || section >= SHN_LORESERVE) return { from: FROM_ZERO, index: 0, value };
      if (section === percpu) return { from: FROM_PERCPU, index: 0, value };
      const index = part(section);
      return index < 0
        ? { from: FROM_ZERO, index: 0, value }
        : { from: FROM_PART, index, value: offset(section) + value };
    },
  };
}
