import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RELOC_TYPES } from '../../../../daemon/kernel/arch/arm64/reloc-types.ts';
import { applyRelocations } from '../../../../daemon/kernel/arch/arm64/relocate.ts';
import { hasBinutils, link } from './binutils.ts';
import { columns, elfModule, placeAt, putWord, SHF_ALLOC, SHN_ABS } from './module.ts';
import { type Outcome, relocateByTheRule } from './relocate.oracle.ts';

const DATA = 3;
const BASE = -0x7ffff7000000; // 0xffff800009000000
const SECTIONS = [
  { name: '.plt', size: 48 },
  { name: '.init.plt', size: 12 },
  { name: '.data', flags: SHF_ALLOC, size: 64 },
];
const OPTIONS = { erratum843419: false, pltReserved: { core: 3, init: 0 } };

/** One relocation of symbol 1 at an offset of .data, whose bytes start as `word` repeated. */
const relocateOnce = (type: number, value: bigint, addend: bigint, offset: number, word: number): Outcome => {
  const elf = elfModule(SECTIONS, [
    { shndx: 0, value: 0n },
    { shndx: SHN_ABS, value },
  ]);
  const placed = placeAt(elf, { '.plt': BASE - 4096, '.init.plt': BASE - 2048, '.data': BASE });
  const bytes = placed.memory[DATA] ?? new Uint8Array(0);
  new DataView(bytes.buffer).setUint32(offset, word, true);
  const result = applyRelocations(placed, [columns(9, DATA, [{ offset, type, symbol: 1, addend }])], OPTIONS);
  return { bytes: [...bytes.subarray(offset, offset + 8)], words: result.ok ? null : result.error.words };
};

const U64 = 1n << 64n;
const edges = [0, 1, 2, 3, 4, 8, 12, 14, 15, 16, 17, 20, 21, 26, 27, 28, 31, 32, 33, 47, 48, 51, 52, 53, 54, 62, 63, 64]
  .flatMap((bit) => [1n << BigInt(bit), -(1n << BigInt(bit))])
  .flatMap((n) => [n - 4096n, n - 4n, n - 1n, n, n + 1n, n + 4n, n + 4095n]);
const wide = fc.oneof(
  fc.constantFrom(...edges),
  fc.constantFrom(...edges.map((n) => n + BigInt(BASE))),
  fc.bigInt({ min: -(1n << 63n), max: U64 - 1n }),
  fc.integer({ min: BASE - 2 ** 33, max: BASE + 2 ** 33 }).map(BigInt),
);
/** Any S and A, or such that S + A is an interesting value although neither is near it. */
const terms = fc.tuple(wide, wide, fc.boolean()).map(([value, other, isSum]) => ({
  value: BigInt.asUintN(64, value),
  addend: BigInt.asIntN(64, isSum ? other - value : other),
}));
const word = fc
  .oneof(fc.integer(), fc.constantFrom(0xd4202000, 0x94202000, 0xb4202000, 0xf4202000))
  .map((n) => n >>> 0);
const isBranch = (type: number) => type === 282 || type === 283;

describe('relocations', () => {
  it.each(RELOC_TYPES.map((t) => [t.type, t.name] as const))(
    'REL-1: applies and checks type %i, %s, in exact 64-bit arithmetic',
    (type) => {
      fc.assert(
        fc.property(terms, fc.integer({ min: 0, max: 24 }), word, ({ value, addend }, offset, before) => {
          const expected = relocateByTheRule(type, value, addend, BigInt(BASE + offset), before);
          fc.pre(expected !== 'needs-plt');
          expect(relocateOnce(type, value, addend, offset, before)).toEqual(expected);
        }),
        { numRuns: isBranch(type) ? 3000 : 1500 },
      );
    },
  );

  it.each(RELOC_TYPES.map((t) => [t.type, t.name] as const))(
    'REL-1: takes each boundary of type %i, %s, as the kernel does',
    (type) => {
      for (const n of edges)
        for (const base of [0n, BigInt(BASE)]) {
          const expected = relocateByTheRule(type, BigInt.asUintN(64, n + base), 0n, BigInt(BASE + 8), 0);
          if (expected === 'needs-plt') continue;
          expect(relocateOnce(type, BigInt.asUintN(64, n + base), 0n, 8, 0), `S = ${n + base}`).toEqual(expected);
        }
    },
  );

  it('REL-2: refuses any other type in the words of the kernel', () => {
    const known = new Set(RELOC_TYPES.map((t) => t.type));
    for (const type of [1, 255, 281, 294, 298, 300, 311, 1023, 1024, 1027, 0xffffffff]) {
      expect(known.has(type)).toBe(false);
      expect(relocateOnce(type, 0n, 0n, 0, 0).words).toBe(`module demo: unsupported RELA relocation: ${type}`);
    }
  });

  it('REL-3: names the type and the value of an overflow in the words of the kernel', () => {
    expect(relocateOnce(258, 0xffff800008000000n, 16n, 0, 0).words).toBe(
      'module demo: overflow in relocation type 258 val ffff800008000010',
    );
    expect(relocateOnce(274, 0n, 0n, 0, 0).words).toBe('module demo: overflow in relocation type 274 val 0');
  });

  it('REL-4: stops at the first error and leaves what comes after it', () => {
    const elf = elfModule(SECTIONS, [{ shndx: 0, value: 0n }]);
    const placed = placeAt(elf, { '.plt': BASE - 4096, '.init.plt': BASE - 2048, '.data': BASE });
    const rela = (offset: number, type: number, addend: bigint) => ({ offset, type, symbol: 0, addend });
    const list = [rela(0, 257, 1n), rela(8, 259, 0x10000n), rela(16, 999, 0n), rela(24, 257, 3n)];
    expect(applyRelocations(placed, [columns(9, DATA, list)], OPTIONS)).toEqual({
      ok: false,
      error: { errno: 'ENOEXEC', words: 'module demo: overflow in relocation type 259 val 10000' },
    });
    expect([0, 24].map((at) => placed.memory[DATA]?.[at])).toEqual([1, 0]);
  });

  it('REL-5: writes nothing outside a section', () => {
    for (const type of [257, 258, 259, 275, 277, 283])
      for (const offset of [63, 64, 2 ** 32, 2 ** 40, 2 ** 60]) {
        const elf = elfModule(SECTIONS, [{ shndx: 0, value: 0n }]);
        const placed = placeAt(elf, { '.plt': BASE - 4096, '.init.plt': BASE - 2048, '.data': BASE });
        const list = [{ offset, type, symbol: 0, addend: 0n }];
        const result = applyRelocations(placed, [columns(9, DATA, list)], OPTIONS);
        expect(result).toMatchObject({ ok: false, error: { errno: 'ENOEXEC' } });
        expect(placed.memory[DATA]?.every((byte) => byte === 0)).toBe(true);
      }
  });

  it.skipIf(!hasBinutils)('REL-6: writes the bytes that GNU ld writes', () => {
    const at = BigInt(BASE);
    const inReach = (low: bigint, high: bigint, step = 1n): bigint[] => [
      low,
      low + step,
      -step,
      0n,
      step,
      high - step,
      high,
    ];
    const kernelLike = [0xffff800008cac8e0n, 0xffff80000ffe8c24n, 0x123456789abcdef0n, 0x10n];
    const bits = (n: bigint) => inReach(0n, (1n << n) - 1n).filter((v) => v >= 0n);
    const signed = (n: bigint) => inReach(-(1n << (n - 1n)), (1n << (n - 1n)) - 1n);
    const relative = (values: bigint[]) => (place: bigint) => values.map((v) => v + place);
    const absolute = (values: bigint[]) => () => values;
    const cases: readonly (readonly [string, number, number, (place: bigint) => bigint[]])[] = [
      ['ABS64', 257, 0, absolute(kernelLike)],
      ['ABS32', 258, 0, absolute(bits(32n))],
      ['ABS16', 259, 0, absolute(bits(16n))],
      ['PREL64', 260, 0, absolute(kernelLike)],
      ['PREL32', 261, 0, relative(signed(32n))],
      ['PREL16', 262, 0, relative(signed(16n))],
      ['MOVW_UABS_G0', 263, 0xd2800001, absolute(bits(16n))],
      ['MOVW_UABS_G0_NC', 264, 0xf2800001, absolute(kernelLike)],
      ['MOVW_UABS_G1', 265, 0xd2a00001, absolute(bits(32n))],
      ['MOVW_UABS_G1_NC', 266, 0xf2a00001, absolute(kernelLike)],
      ['MOVW_UABS_G2', 267, 0xd2c00001, absolute(bits(48n))],
      ['MOVW_UABS_G2_NC', 268, 0xf2c00001, absolute(kernelLike)],
      ['MOVW_UABS_G3', 269, 0xd2e00001, absolute(kernelLike)],
      ['MOVW_SABS_G0', 270, 0xd2800001, absolute(signed(16n))],
      ['MOVW_SABS_G1', 271, 0xd2a00001, absolute(signed(32n))],
      ['MOVW_SABS_G2', 272, 0xd2c00001, absolute(signed(48n))],
      ['LD_PREL_LO19', 273, 0x58000003, relative(inReach(-0x100000n, 0xffffcn, 4n))],
      ['ADR_PREL_LO21', 274, 0x10000003, relative(signed(21n))],
      ['ADR_PREL_PG_HI21', 275, 0x90000003, relative(inReach(-0xfffff000n, 0xfffff000n, 4096n))],
      ['ADR_PREL_PG_HI21_NC', 276, 0x90000003, relative(inReach(-0x70000000n, 0x70000123n, 4096n))],
      ['ADD_ABS_LO12_NC', 277, 0x91000063, absolute(kernelLike)],
      ['LDST8_ABS_LO12_NC', 278, 0x39400063, absolute(kernelLike)],
      ['TSTBR14', 279, 0x36000003, relative(inReach(-0x8000n, 0x7ffcn, 4n))],
      ['CONDBR19', 280, 0x54000003, relative(inReach(-0x100000n, 0xffffcn, 4n))],
      ['JUMP26', 282, 0x14000000, relative(inReach(-0x8000000n, 0x7fffffcn, 4n))],
      ['CALL26', 283, 0x94000000, relative(inReach(-0x8000000n, 0x7fffffcn, 4n))],
      ['LDST16_ABS_LO12_NC', 284, 0x79400063, absolute(kernelLike)],
      ['LDST32_ABS_LO12_NC', 285, 0xb9400063, absolute(kernelLike)],
      ['LDST64_ABS_LO12_NC', 286, 0xf9400063, absolute(kernelLike.map((v) => v & ~7n))],
      ['MOVW_PREL_G0', 287, 0xd2800001, relative(signed(16n))],
      ['MOVW_PREL_G0_NC', 288, 0xf2800001, relative([0n, 0x12345n, -0x12345n])],
      ['MOVW_PREL_G1', 289, 0xd2a00001, relative(signed(32n))],
      ['MOVW_PREL_G1_NC', 290, 0xf2a00001, relative([0n, 0x12345678n, -0x12345n])],
      ['MOVW_PREL_G2', 291, 0xd2c00001, relative(signed(48n))],
      ['MOVW_PREL_G2_NC', 292, 0xf2c00001, relative([0n, 0x12345678n, -0x12345n])],
      ['MOVW_PREL_G3', 293, 0xd2e00001, relative([0n, 0x12345678n, -0x12345n])],
      ['LDST128_ABS_LO12_NC', 299, 0x3dc00063, absolute(kernelLike.map((v) => v & ~15n))],
    ];
    expect(cases.map(([, type]) => type)).toEqual(RELOC_TYPES.map((t) => t.type).filter((t) => t > 256));
    const lines: string[] = ['.text'];
    const symbols = new Map<string, bigint>();
    const tried: { name: string; type: number; insn: number; value: bigint }[] = [];
    for (const [name, type, insn, values] of cases) {
      const count = values(at).length;
      for (let k = 0; k < count; k++) {
        const offset = 16 * tried.length;
        const value = values(at + BigInt(offset))[k] ?? 0n;
        symbols.set(`s${offset}`, value);
        lines.push(`.reloc ${offset}, R_AARCH64_${name}, s${offset}`, `.word ${insn}, 0, 0, 0`);
        tried.push({ name, type, insn, value });
      }
    }
    const theirs = link(`${lines.join('\n')}\n`, at, symbols);
    for (const [i, t] of tried.entries()) {
      const ours = relocateOnceAt(t.type, t.value, 16 * i, t.insn, 16 * tried.length);
      expect(ours, `${t.name} of ${t.value}`).toEqual({ words: null, bytes: [...theirs.subarray(16 * i, 16 * i + 8)] });
    }
  });
});

const relocateOnceAt = (type: number, value: bigint, offset: number, insn: number, size: number): Outcome => {
  const sections = [...SECTIONS.slice(0, 2), { name: '.data', flags: SHF_ALLOC, size }];
  const symbols = [0n, BigInt.asUintN(64, value)].map((v) => ({ shndx: SHN_ABS, value: v }));
  const placed = placeAt(elfModule(sections, symbols), {
    '.plt': BASE - 4096,
    '.init.plt': BASE - 2048,
    '.data': BASE,
  });
  putWord(placed, DATA, offset, insn);
  const result = applyRelocations(placed, [columns(9, DATA, [{ offset, type, symbol: 1, addend: 0n }])], OPTIONS);
  const bytes = placed.memory[DATA] ?? new Uint8Array(0);
  return { bytes: [...bytes.subarray(offset, offset + 8)], words: result.ok ? null : result.error.words };
};
