import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyRelocations } from '../../../../daemon/kernel/arch/x86-64/relocate.ts';
import { columns, elfModule, placeAt, type Rela, SHF_ALLOC, SHN_ABS } from '../arm64/module.ts';

const DATA = 1;
const BASE = -0x3fe00000; // 0xffffffffc0200000
const LAYOUTS = ['linux-6.1', 'linux-6.12'] as const;
type Layout = (typeof LAYOUTS)[number];

interface Outcome {
  readonly bytes: number[];
  readonly words: string | null;
}

/** Relocations of symbol 1, an absolute one, in 32 bytes of .data that start as `before`. */
const relocate = (layout: Layout, value: bigint, relas: readonly Rela[], before: readonly number[] = []): Outcome => {
  const elf = elfModule(
    [{ name: '.data', flags: SHF_ALLOC, size: 32 }],
    [
      { shndx: 0, value: 0n },
      { shndx: SHN_ABS, value },
    ],
  );
  const placed = placeAt(elf, { '.data': BASE });
  const memory = placed.memory[DATA] ?? new Uint8Array(0);
  memory.set(before);
  const result = applyRelocations(placed, [columns(9, DATA, relas)], layout);
  return { bytes: [...memory], words: result.ok ? null : result.error.words };
};

/** [type, bytes, place-relative, the check of the value]. */
const TYPES = [
  [0, 0, false, () => true],
  [1, 8, false, () => true],
  [2, 4, true, () => true],
  [4, 4, true, () => true],
  [10, 4, false, (v: bigint) => BigInt.asUintN(32, v) === v],
  [11, 4, false, (v: bigint) => BigInt.asUintN(64, BigInt.asIntN(32, v)) === v],
  [24, 8, true, () => true],
] as const;

/** What the kernel's function does, said again in unsigned 64-bit numbers. */
const byTheRule = (layout: Layout, type: number, s: bigint, a: bigint, offset: number, before: number[]): Outcome => {
  const [, width, relative, fits] = TYPES.find(([t]) => t === type) ?? TYPES[0];
  const sum = BigInt.asUintN(64, s + a);
  const place = BigInt.asUintN(64, BigInt(BASE + offset));
  const x = relative ? BigInt.asUintN(64, sum - place) : sum;
  const bytes = Array.from({ length: 32 }, (_, i) => before[i] ?? 0);
  const late = layout === 'linux-6.12';
  const val = (late ? x : sum).toString(16);
  const overflow = `overflow in relocation type ${type} val ${sum.toString(16)}\n\`demo' likely not compiled with -mcmodel=kernel`;
  const occupied = `x86/modules: ${late ? 'Invalid' : 'Skipping invalid'} relocation target, existing value is nonzero for type ${type}, loc ${place.toString(16)}, val ${val}`;
  if (late && !fits(x)) return { bytes, words: overflow };
  if (bytes.slice(offset, offset + width).some((b) => b !== 0)) return { bytes, words: occupied };
  for (let i = 0; i < width; i++) bytes[offset + i] = Number((x >> BigInt(8 * i)) & 0xffn);
  return { bytes, words: fits(x) ? null : overflow };
};

const edges = [0, 1, 7, 8, 31, 32, 33, 47, 50, 51, 52, 53, 54, 62, 63, 64]
  .flatMap((bit) => [1n << BigInt(bit), -(1n << BigInt(bit))])
  .flatMap((n) => [n - 1n, n, n + 1n]);
const wide = fc.oneof(
  fc.constantFrom(...edges),
  fc.constantFrom(...edges.map((n) => n + BigInt(BASE))),
  fc.bigInt({ min: -(1n << 63n), max: (1n << 64n) - 1n }),
);
const offsets = fc.integer({ min: 0, max: 24 });
const before = fc.oneof(
  { weight: 4, arbitrary: fc.constant<number[]>([]) },
  fc.array(fc.constantFrom(0, 0, 0, 1, 255), { maxLength: 32 }),
);

describe('relocations', () => {
  it.each(LAYOUTS.flatMap((layout) => TYPES.map(([type]) => [layout, type] as const)))(
    'X86-10: in %s, applies and checks type %i in exact 64-bit arithmetic',
    (layout, type) => {
      fc.assert(
        fc.property(wide, wide, fc.boolean(), offsets, before, (s, other, isSum, offset, now) => {
          const value = BigInt.asUintN(64, s);
          const addend = BigInt.asIntN(64, isSum ? other - value : other);
          const got = relocate(layout, value, [{ offset, type, symbol: 1, addend }], now);
          expect(got).toEqual(byTheRule(layout, type, value, addend, offset, now));
        }),
        { numRuns: 2000 },
      );
    },
  );

  it('X86-11: takes R_X86_64_32 up to 4 GB - 1, R_X86_64_32S from -2 GB to 2 GB - 1', () => {
    const fits = (type: number, value: bigint) =>
      relocate('linux-6.1', BigInt.asUintN(64, value), [{ offset: 0, type, symbol: 1, addend: 0n }]).words === null;
    expect([0n, 0xffffffffn, 0x100000000n, -1n].map((v) => fits(10, v))).toEqual([true, true, false, false]);
    expect([-0x80000000n, 0x7fffffffn, 0x80000000n, -0x80000001n].map((v) => fits(11, v))).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  it('X86-11: says an overflow in the words of the kernel', () => {
    const { words } = relocate('linux-6.1', 0x80000000n, [{ offset: 0, type: 11, symbol: 1, addend: 0n }]);
    expect(words).toBe("overflow in relocation type 11 val 80000000\n`demo' likely not compiled with -mcmodel=kernel");
  });

  it('X86-12: lets a distance that does not fit pass, cut to 32 bits', () => {
    for (const type of [2, 4]) {
      const { words, bytes } = relocate('linux-6.12', 0x1234567890n, [{ offset: 0, type, symbol: 1, addend: 0n }]);
      expect(words).toBeNull();
      expect(bytes.slice(0, 5)).toEqual([0x90, 0x78, 0x36, 0x74, 0]);
    }
  });

  it('X86-13: refuses a place that is not zero, 6.1 with S + A and 6.12 with the value', () => {
    const twice = [4, 4].map((type) => ({ offset: 0, type, symbol: 1, addend: -4n }));
    const value = BigInt.asUintN(64, BigInt(BASE + 0x1004));
    expect(relocate('linux-6.1', value, twice).words).toBe(
      'x86/modules: Skipping invalid relocation target, existing value is nonzero for type 4, loc ffffffffc0200000, val ffffffffc0201000',
    );
    expect(relocate('linux-6.12', value, twice).words).toBe(
      'x86/modules: Invalid relocation target, existing value is nonzero for type 4, loc ffffffffc0200000, val 1000',
    );
  });

  it.each(LAYOUTS)('X86-14: in %s, refuses any other type in the words of the kernel', (layout) => {
    const known = new Set<number>(TYPES.map(([type]) => type));
    for (const type of [3, 5, 9, 12, 14, 23, 25, 42, 0xffffffff]) {
      expect(known.has(type)).toBe(false);
      const { words } = relocate(layout, 0n, [{ offset: 0, type, symbol: 1, addend: 0n }]);
      expect(words).toBe(`demo: Unknown rela relocation: ${type}`);
    }
  });

  it('X86-14: refuses a place that has no memory', () => {
    for (const offset of [25, 32, -8])
      expect(relocate('linux-6.1', 0n, [{ offset, type: 1, symbol: 1, addend: 0n }]).words).toContain(
        'outside section 1',
      );
  });

  it('X86-15: counts relocations, and PLT32 as branches that are all direct', () => {
    const elf = elfModule([{ name: '.text', size: 32 }], [{ shndx: 0, value: 0n }]);
    const relas = [4, 4, 2, 0].map((type, i) => ({ offset: 8 * i, type, symbol: 0, addend: 0n }));
    const result = applyRelocations(placeAt(elf, { '.text': BASE }), [columns(9, DATA, relas)], 'linux-6.1');
    expect(result).toEqual({
      ok: true,
      relocated: { relocations: 4, branches: { direct: 2, veneer: 0 }, veneers: [], pltUsed: { core: 0, init: 0 } },
    });
  });
});
