/**
 * Applying relocations.
 * Models arch/x86/kernel/module.c, v6.1 and v6.12: `apply_relocate_add`. The place must be zero before, or the kernel refuses
 * it as relocated already; only absolute 32-bit values are checked for overflow.
 *
 * The loop works on doubles, exact below EXACT; a relocation with a greater value goes through BigInt.
 */
import type { Layout } from '../../../../protocol/profile.ts';
import { addendAt, entryAt, offsetAt, symbolAt, typeAt } from '../../elf/rela.ts';
import type { RelaSection } from '../../elf/types.ts';
import type { KernelError, PlacedModule, Relocated } from '../arch.ts';
import { EXACT, value64 } from '../exact.ts';

/** System V ABI AMD64 supplement, table 4.9: those that the kernel takes. */
export const R_X86_64_NONE = 0;
export const R_X86_64_64 = 1;
export const R_X86_64_PC32 = 2;
export const R_X86_64_PLT32 = 4;
export const R_X86_64_32 = 10;
export const R_X86_64_32S = 11;
export const R_X86_64_PC64 = 24;

export type RelocateResult =
  | { readonly ok: true; readonly relocated: Relocated }
  | { readonly ok: false; readonly error: KernelError };

const TWO_32 = 2 ** 32;

/**
 * Applies the relocations of all sections given, in that order, into `placed.memory`. Stops at the first error as the kernel
 * does. Refuses with ENOEXEC. Every R_X86_64_PLT32 counts as a direct branch: there are no veneers.
 */
export const applyRelocations = (
  placed: PlacedModule,
  relas: readonly RelaSection[],
  layout: Layout,
): RelocateResult => {
  let relocations = 0;
  let direct = 0;
  for (const rela of relas) {
    const error = relocateSection(placed, rela, layout);
    if (error) return { ok: false, error };
    relocations += rela.count;
    for (let i = 0; i < rela.count; i++) if (typeAt(rela.view, entryAt(rela, i)) === R_X86_64_PLT32) direct++;
  }
  const relocated: Relocated = {
    relocations,
    branches: { direct, veneer: 0 },
    veneers: [],
    pltUsed: { core: 0, init: 0 },
  };
  return { ok: true, relocated };
};

/** Bytes that a type writes; undefined for one that the kernel doesn't know. */
const widthOf = (type: number): 0 | 4 | 8 | undefined => {
  switch (type) {
    case R_X86_64_NONE:
      return 0;
    case R_X86_64_64:
    case R_X86_64_PC64:
      return 8;
    case R_X86_64_32:
    case R_X86_64_32S:
    case R_X86_64_PC32:
    case R_X86_64_PLT32:
      return 4;
    default:
      return undefined;
  }
};

const isRelative = (type: number): boolean =>
  type === R_X86_64_PC32 || type === R_X86_64_PLT32 || type === R_X86_64_PC64;

const relocateSection = (placed: PlacedModule, rela: RelaSection, layout: Layout): KernelError | undefined => {
  const { symbolValue, memory, sectionAddress } = placed;
  const { view: file } = rela;
  const bytes = memory[rela.target] ?? new Uint8Array(0);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const base = sectionAddress[rela.target] ?? Number.NaN;
  const overflowFirst = layout !== 'linux-6.1';

  for (let i = 0; i < rela.count; i++) {
    const at = entryAt(rela, i);
    const type = typeAt(file, at);
    const width = widthOf(type);
    if (width === undefined) return refuse(`${placed.name}: Unknown rela relocation: ${type}`);
    if (width === 0) continue;
    const offset = offsetAt(file, at);
    if (!(offset + width <= view.byteLength)) return outside(placed, rela, offset);
    const s = symbolValue[symbolAt(file, at)] as number;
    const a = addendAt(file, at);
    if (!(s >= -EXACT && s < EXACT && a >= -EXACT && a < EXACT)) {
      const error = relocateExactly(placed, rela, at, view, layout);
      if (error) return error;
      continue;
    }
    const value = s + a;
    const x = isRelative(type) ? value - (base + offset) : value;
    const overflows =
      (type === R_X86_64_32 && (x < 0 || x >= TWO_32)) ||
      (type === R_X86_64_32S && (x < -0x8000_0000 || x > 0x7fff_ffff));
    if (overflowFirst && overflows) return overflow(placed, type, value);
    if (view.getInt32(offset, true) !== 0 || (width === 8 && view.getInt32(offset + 4, true) !== 0))
      return occupied(type, base + offset, overflowFirst ? x : value, layout);
    view.setInt32(offset, x | 0, true);
    if (width === 8) view.setInt32(offset + 4, Math.floor(x / TWO_32) | 0, true);
    if (overflows) return overflow(placed, type, value);
  }
  return undefined;
};

/** As one turn of the loop in relocateSection, with a value that doubles don't hold. */
const relocateExactly = (
  placed: PlacedModule,
  rela: RelaSection,
  at: number,
  view: DataView,
  layout: Layout,
): KernelError | undefined => {
  const type = typeAt(rela.view, at);
  const offset = offsetAt(rela.view, at);
  const place = (placed.sectionAddress[rela.target] as number) + offset;
  const value = value64(placed, rela.view, at);
  const x = isRelative(type) ? BigInt.asIntN(64, value - BigInt(place)) : value;
  const overflows =
    (type === R_X86_64_32 && BigInt.asUintN(32, x) !== x) || (type === R_X86_64_32S && BigInt.asIntN(32, x) !== x);
  const overflowFirst = layout !== 'linux-6.1';
  const wide = widthOf(type) === 8;
  if (overflowFirst && overflows) return overflow(placed, type, value);
  if (wide ? view.getBigInt64(offset, true) !== 0n : view.getInt32(offset, true) !== 0)
    return occupied(type, place, overflowFirst ? x : value, layout);
  if (wide) view.setBigInt64(offset, x, true);
  else view.setInt32(offset, Number(BigInt.asIntN(32, x)), true);
  return overflows ? overflow(placed, type, value) : undefined;
};

const refuse = (words: string): KernelError => ({ errno: 'ENOEXEC', words });

const unsigned = (value: number | bigint): string => BigInt.asUintN(64, BigInt(value)).toString(16);

const overflow = (placed: PlacedModule, type: number, value: number | bigint): KernelError =>
  refuse(
    `overflow in relocation type ${type} val ${unsigned(value)}\n` +
      `\`${placed.name}' likely not compiled with -mcmodel=kernel`,
  );

/** %p as with no_hash_pointers. v6.1 gives S + A, v6.12 the value it would have written. */
const occupied = (type: number, place: number, value: number | bigint, layout: Layout): KernelError => {
  const kind = layout === 'linux-6.1' ? 'Skipping invalid' : 'Invalid';
  const loc = unsigned(place).padStart(16, '0');
  return refuse(
    `x86/modules: ${kind} relocation target, existing value is nonzero for type ${type}, loc ${loc}, val ${unsigned(value)}`,
  );
};

/** The reader refuses these, but a section without bytes in the file takes none here either. Not the kernel's words. */
const outside = (placed: PlacedModule, rela: RelaSection, offset: number): KernelError =>
  refuse(
    `${placed.name}: relocation of section ${rela.section} changes offset ${offset} outside section ${rela.target}`,
  );
