/**
 * Applying relocations, PLT entries and erratum 843419 included.
 * Models arch/arm64/kernel/module.c, v6.1 and v6.12: `apply_relocate_add`.
 *
 * The loop works on doubles, exact below EXACT; a relocation with a greater value goes through exact.ts.
 */
import { addendAt, entryAt, offsetAt, symbolAt, typeAt } from '../../elf/rela.ts';
import type { RelaSection } from '../../elf/types.ts';
import type { KernelError, PlacedModule, Relocated, Veneer } from '../arch.ts';
import { EXACT, value64 } from '../exact.ts';
import { findSpecial, type PltReserved } from './frob.ts';
import { BREAK_FAULT, encode, INSN, REACH, withAdrImm } from './insn.ts';
import { type Emitted, emitAdrpVeneer, emitPltEntry, isForbiddenForAdrp, type PltSection, pageNumber } from './plt.ts';
import {
  CHECKED,
  FIELD_SHIFT,
  KEEP_MASK,
  KIND,
  KIND_ADR,
  KIND_ADRP,
  KIND_BRANCH,
  KIND_DATA16,
  KIND_DATA32,
  KIND_DATA64,
  KIND_IMM,
  KIND_MOVNZ,
  KIND_MOVW,
  KIND_NOTHING,
  LIMIT,
  LSB,
  OP,
  OP_ABS,
  OP_PAGE,
  OP_PREL,
  TYPE_LIMIT,
  VALUE_MASK,
  WIDTH,
} from './reloc-types.ts';

export interface RelocateOptions {
  readonly erratum843419: boolean;
  /** As frobSections gave it. */
  readonly pltReserved: PltReserved;
}

export type RelocateResult =
  | { readonly ok: true; readonly relocated: Relocated }
  | { readonly ok: false; readonly error: KernelError };

const TWO_32 = 2 ** 32;
/** Cleared, it turns an ADRP into an ADR. */
const ADRP_BIT = 0x80000000;
const MOVW_OPCODE = 3 << 29;
const MOVZ_OPCODE = 2 << 29;
/** The kernel's check doesn't ask for a multiple of four. */
const BRANCH_START = REACH.branch.min;
const BRANCH_END = REACH.branch.max + 4;

/** What the loop shares with its rare branches. */
interface Work {
  readonly placed: PlacedModule;
  readonly erratum843419: boolean;
  readonly core: PltSection;
  readonly init: PltSection;
  relocations: number;
  direct: number;
  veneer: number;
}

/**
 * Applies the relocations of all sections given, in that order, into `placed.memory`. Stops at the first error as the kernel
 * does; what was written before it stays written, for a module that is then thrown away.
 */
export const applyRelocations = (
  placed: PlacedModule,
  relas: readonly RelaSection[],
  options: RelocateOptions,
): RelocateResult => {
  const { plt, initPlt } = findSpecial(placed.elf.sections, 'linux-6.1');
  const work: Work = {
    placed,
    erratum843419: options.erratum843419,
    core: pltSection(placed, '.plt', plt, options.pltReserved.core, options.erratum843419),
    init: pltSection(placed, '.init.plt', initPlt, options.pltReserved.init, options.erratum843419),
    relocations: 0,
    direct: 0,
    veneer: 0,
  };
  for (const rela of relas) {
    const error = relocateSection(work, rela);
    if (error) return { ok: false, error };
  }
  const { core, init, relocations, direct, veneer } = work;
  return {
    ok: true,
    relocated: {
      relocations,
      branches: { direct, veneer },
      veneers: [...core.veneers, ...init.veneers],
      pltUsed: { core: core.used, init: init.used },
    },
  };
};

const pltSection = (
  placed: PlacedModule,
  name: PltSection['name'],
  index: number,
  max: number,
  erratum843419: boolean,
): PltSection => ({
  name,
  address: placed.sectionAddress[index] ?? Number.NaN,
  view: viewOf(placed.memory[index]),
  max,
  erratum843419,
  used: 0,
  veneers: [] as Veneer[],
});

const viewOf = (bytes: Uint8Array | undefined): DataView =>
  bytes ? new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) : new DataView(new ArrayBuffer(0));

/** One RELA section. Everything about one relocation happens in one turn of the loop, without allocating. */
const relocateSection = (work: Work, rela: RelaSection): KernelError | undefined => {
  const { placed } = work;
  const { symbolValue, callValue = symbolValue } = placed;
  const { count, target, view: file } = rela;
  const view = viewOf(placed.memory[target]);
  const size = view.byteLength;
  const base = placed.sectionAddress[target] as number;

  for (let i = 0; i < count; i++) {
    const at = entryAt(rela, i);
    const type = typeAt(file, at);
    const kind = type <= TYPE_LIMIT ? (KIND[type] as number) : 0;
    if (kind === 0) return unsupported(placed, type);
    const offset = offsetAt(file, at);
    if (!(offset + (WIDTH[type] as number) <= size)) return outside(placed, rela, offset);
    const place = base + offset;
    const a = addendAt(file, at);
    const s = (kind === KIND_BRANCH && a === 0 ? callValue : symbolValue)[symbolAt(file, at)] as number;
    if (!(Math.abs(s) < EXACT && Math.abs(a) < EXACT)) {
      const error = relocateExactly(work, rela, at, view);
      if (error) return error;
      continue;
    }
    const value = s + a;
    const op = OP[type] as number;
    let x = value;
    if (op === OP_PREL) x = value - place;
    else if (op === OP_PAGE) x = value - (value & 0xfff) - (place - (place & 0xfff));

    // The commonest first.
    switch (kind) {
      case KIND_BRANCH:
        if (x >= BRANCH_START && x < BRANCH_END) {
          putField(view, offset, type, x);
          work.direct++;
        } else {
          const error = putFarBranch(work, rela, at, view, pageNumber(value), value & 0xfff, value);
          if (error) return error;
        }
        break;
      case KIND_IMM: {
        putField(view, offset, type, x);
        const limit = LIMIT[type] as number;
        if (CHECKED[type] === 1 && (x < -limit || x >= limit)) return overflow(placed, type, value);
        break;
      }
      case KIND_ADRP:
        if (work.erratum843419 && isForbiddenForAdrp(place)) {
          const page = value - (value & 0xfff);
          const error = putSafeAdrp(work, rela, at, view, pageNumber(page), page, page - place);
          if (error) return error;
          break;
        }
        putAdr(view, offset, Math.floor(x / 4096) | 0);
        if (CHECKED[type] === 1 && (x < -TWO_32 || x >= TWO_32)) return overflow(placed, type, value);
        break;
      case KIND_DATA64:
        view.setInt32(offset, x | 0, true);
        view.setInt32(offset + 4, Math.floor(x / TWO_32) | 0, true);
        break;
      case KIND_DATA32:
        view.setInt32(offset, x | 0, true);
        if (op === OP_ABS ? x < 0 || x > 0xffffffff : x < -0x80000000 || x > 0x7fffffff)
          return overflow(placed, type, value);
        break;
      case KIND_DATA16:
        view.setInt16(offset, x | 0, true);
        if (op === OP_ABS ? x < 0 || x > 0xffff : x < -0x8000 || x > 0x7fff) return overflow(placed, type, value);
        break;
      case KIND_MOVW:
      case KIND_MOVNZ: {
        const inverted = kind === KIND_MOVNZ && x < 0;
        const step = Math.floor(x / 2 ** (LSB[type] as number));
        const imm = inverted ? -1 - step : step;
        putMovw(view, offset, kind, inverted, imm & 0xffff);
        if (CHECKED[type] === 1 && (imm < 0 || imm > 0xffff)) return overflow(placed, type, value);
        break;
      }
      case KIND_ADR:
        putAdr(view, offset, x | 0);
        if (x < -0x100000 || x >= 0x100000) return overflow(placed, type, value);
        break;
      case KIND_NOTHING:
        break;
    }
  }
  work.relocations += count;
  return undefined;
};

/** As a signed word. */
const FAULT = BREAK_FAULT | 0;

/** The kernel's encoder leaves a word alone that is its own break instruction. */
const isFault = (word: number): boolean => word === FAULT;

/** A field of one run. `x` is shifted right by the type's lsb; its low 32 bits suffice. */
const putField = (view: DataView, offset: number, type: number, x: number): void => {
  const word = view.getInt32(offset, true);
  if (isFault(word)) return;
  const value = ((x | 0) >> (LSB[type] as number)) & (VALUE_MASK[type] as number);
  view.setInt32(offset, (word & (KEEP_MASK[type] as number)) | (value << (FIELD_SHIFT[type] as number)), true);
};

const putAdr = (view: DataView, offset: number, steps: number): void => {
  const word = view.getInt32(offset, true);
  if (isFault(word)) return;
  view.setInt32(offset, withAdrImm(word, steps), true);
};

/** `inverted` makes the instruction a MOVN; otherwise KIND_MOVNZ makes it a MOVZ, and KIND_MOVW leaves its opcode alone. */
const putMovw = (view: DataView, offset: number, kind: number, inverted: boolean, imm16: number): void => {
  let word = view.getInt32(offset, true);
  if (kind === KIND_MOVNZ) word = (word & ~MOVW_OPCODE) | (inverted ? 0 : MOVZ_OPCODE);
  if (!isFault(word)) word = (word & ~(0xffff << 5)) | (imm16 << 5);
  view.setInt32(offset, word, true);
};

/** A branch out of reach goes through a PLT entry in the part of the module, core or init, where it stands. */
const putFarBranch = (
  work: Work,
  rela: RelaSection,
  at: number,
  view: DataView,
  page: number,
  low12: number,
  target: number,
): KernelError | undefined => {
  const { placed, init, core } = work;
  const type = typeAt(rela.view, at);
  const offset = offsetAt(rela.view, at);
  const place = (placed.sectionAddress[rela.target] as number) + offset;
  const plt = placed.inInit[rela.target] === 1 ? init : core;
  const entry = emitPltEntry(plt, page, low12, target, symbolAt(rela.view, at), place);
  if (typeof entry !== 'number') return pltError(placed, entry, 'module_emit_plt_entry');
  putField(view, offset, type, entry - place);
  if (entry - place < BRANCH_START || entry - place >= BRANCH_END) return overflow(placed, type, entry);
  work.veneer++;
  return undefined;
};

/** Erratum 843419: an ADRP at a forbidden offset becomes an ADR if its page is in reach, else a branch to a veneer. */
const putSafeAdrp = (
  work: Work,
  rela: RelaSection,
  at: number,
  view: DataView,
  page: number,
  target: number,
  distance: number,
): KernelError | undefined => {
  const { placed, init, core } = work;
  const offset = offsetAt(rela.view, at);
  const place = (placed.sectionAddress[rela.target] as number) + offset;
  putAdr(view, offset, distance | 0);
  const word = view.getInt32(offset, true);
  if (distance >= REACH.adr.min && distance <= REACH.adr.max) {
    view.setInt32(offset, word & ~ADRP_BIT, true);
    return undefined;
  }
  const plt = placed.inInit[rela.target] === 1 ? init : core;
  const entry = emitAdrpVeneer(plt, page, target, symbolAt(rela.view, at), place, word & 0x1f);
  if (typeof entry !== 'number') return pltError(placed, entry, 'module_emit_veneer_for_adrp');
  view.setUint32(offset, encode(INSN.b, { target: entry }, place) ?? BREAK_FAULT, true);
  return undefined;
};

/** As one turn of the loop in relocateSection, with a value that doubles don't hold. */
const relocateExactly = (work: Work, rela: RelaSection, at: number, view: DataView): KernelError | undefined => {
  const { placed } = work;
  const type = typeAt(rela.view, at);
  const kind = KIND[type] as number;
  const op = OP[type] as number;
  const offset = offsetAt(rela.view, at);
  const place = BigInt((placed.sectionAddress[rela.target] as number) + offset);
  const value = value64(placed, rela.view, at);
  const pageValue = value & ~0xfffn;
  const page = Number(BigInt.asIntN(32, value >> 12n));
  const distance = BigInt.asIntN(64, value - place);
  const x = op === OP_PREL ? distance : op === OP_PAGE ? BigInt.asIntN(64, pageValue - (place & ~0xfffn)) : value;
  const low32 = Number(BigInt.asIntN(32, x));
  const fits = (min: bigint, max: bigint): boolean => x >= min && x <= max;
  const signed = (bits: number): boolean => BigInt.asIntN(bits, x) === x;
  let overflowed = false;

  switch (kind) {
    case KIND_NOTHING:
      break;
    case KIND_DATA64:
      view.setBigInt64(offset, x, true);
      break;
    case KIND_DATA32:
      view.setInt32(offset, low32, true);
      overflowed = op === OP_ABS ? !fits(0n, 0xffffffffn) : !signed(32);
      break;
    case KIND_DATA16:
      view.setInt16(offset, low32, true);
      overflowed = op === OP_ABS ? !fits(0n, 0xffffn) : !signed(16);
      break;
    case KIND_MOVW:
    case KIND_MOVNZ: {
      const inverted = kind === KIND_MOVNZ && x < 0n;
      const step = x >> BigInt(LSB[type] as number);
      const imm = inverted ? ~step : step;
      putMovw(view, offset, kind, inverted, Number(imm & 0xffffn));
      overflowed = imm < 0n || imm > 0xffffn;
      break;
    }
    case KIND_BRANCH:
      if (!signed(28)) return putFarBranch(work, rela, at, view, page, Number(value & 0xfffn), Number(value));
      putField(view, offset, type, low32);
      work.direct++;
      break;
    case KIND_ADRP:
      if (work.erratum843419 && isForbiddenForAdrp(Number(place)))
        return putSafeAdrp(work, rela, at, view, page, Number(pageValue), Number(BigInt.asIntN(64, pageValue - place)));
      putAdr(view, offset, Number(BigInt.asIntN(32, x >> 12n)));
      overflowed = !signed(33);
      break;
    case KIND_ADR:
      putAdr(view, offset, low32);
      overflowed = !signed(21);
      break;
    case KIND_IMM:
      putField(view, offset, type, low32);
      overflowed = !signed(Math.log2(LIMIT[type] as number) + 1);
      break;
  }
  return overflowed && CHECKED[type] === 1 ? overflow(placed, type, value) : undefined;
};

const refuse = (placed: PlacedModule, words: string): KernelError => ({
  errno: 'ENOEXEC',
  words: `module ${placed.name}: ${words}`,
});

const unsupported = (placed: PlacedModule, type: number): KernelError =>
  refuse(placed, `unsupported RELA relocation: ${type}`);

const overflow = (placed: PlacedModule, type: number, value: number | bigint): KernelError =>
  refuse(placed, `overflow in relocation type ${type} val ${BigInt.asUintN(64, BigInt(value)).toString(16)}`);

/** The reader refuses these, but a section that became a PLT has another size than the file said. Not the kernel's words. */
const outside = (placed: PlacedModule, rela: RelaSection, offset: number): KernelError =>
  refuse(placed, `relocation of section ${rela.section} changes offset ${offset} outside section ${rela.target}`);

/** A WARN_ON and then ENOEXEC, or a BUG_ON that kills the loading task. */
const pltError = (placed: PlacedModule, emitted: Exclude<Emitted, number>, where: string): KernelError =>
  emitted === 'full'
    ? { errno: 'ENOEXEC', words: `WARNING: at arch/arm64/kernel/module-plts.c ${where} [${placed.name}]` }
    : { errno: 'ENOEXEC', words: 'kernel BUG at arch/arm64/lib/insn.c aarch64_insn_adrp_get_offset' };
