import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PlacedModule } from '../../../../daemon/kernel/arch/arch.ts';
import { decode, encode, INSN, text } from '../../../../daemon/kernel/arch/arm64/insn.ts';
import { pltEntry } from '../../../../daemon/kernel/arch/arm64/plt.ts';
import { applyRelocations, type RelocateResult } from '../../../../daemon/kernel/arch/arm64/relocate.ts';
import { columns, elfModule, placeAt, putWord, type Rela, SHN_ABS, wordAt } from './module.ts';

const PLT = 1;
const INIT_PLT = 2;
const TEXT = 3;
const INIT_TEXT = 4;
const CALL26 = 283;
const ADRP = 275;
const MB = 1 << 20;
const CORE = -0x7fffe0000000; // 0xffff800020000000
const SLOTS = 1000;
const SECTIONS = [
  { name: '.plt', size: 12 * SLOTS },
  { name: '.init.plt', size: 12 * SLOTS },
  { name: '.text', size: 0x4000 },
  { name: '.init.text', size: 0x4000 },
];

interface Machine {
  readonly placed: PlacedModule;
  run(relas: readonly Rela[], target?: number, max?: number): RelocateResult;
}

/** Symbols at given addresses; symbol i is targets[i - 1]. */
const machine = (
  targets: readonly (number | bigint)[],
  options: { erratum?: boolean; plt?: number; text?: number } = {},
): Machine => {
  const symbols = [0, ...targets].map((value) => ({ shndx: SHN_ABS, value: BigInt(value) }));
  const placed = placeAt(elfModule(SECTIONS, symbols), {
    '.plt': options.plt ?? CORE,
    '.text': options.text ?? CORE + 0x100000,
    '.init.plt': CORE + 0x200000,
    '.init.text': CORE + 0x300000,
  });
  return {
    placed,
    run: (relas, target = TEXT, max = SLOTS - 1) =>
      applyRelocations(placed, [columns(9, target, relas)], {
        erratum843419: options.erratum ?? false,
        pltReserved: { core: max, init: max },
      }),
  };
};

const call = (symbol: number, site: number, addend = 0n): Rela => ({ offset: 4 * site, type: CALL26, symbol, addend });
const done = (result: RelocateResult) => {
  if (!result.ok) throw new Error(result.error.words);
  return result.relocated;
};

/** Follows a branch at an address through a veneer, by decoding what stands in memory. */
const follow = (placed: PlacedModule, section: number, offset: number, plt: number): number => {
  const site = (placed.sectionAddress[section] ?? 0) + offset;
  const branch = decode(wordAt(placed, section, offset), site);
  const target = branch?.operands.target ?? Number.NaN;
  const base = placed.sectionAddress[plt] ?? 0;
  const slot = target - base;
  if (slot < 0 || slot >= 12 * SLOTS) return target;
  const [adrp, add, br] = [0, 4, 8].map((k) => decode(wordAt(placed, plt, slot + k), target + k));
  expect([adrp?.insn.name, add?.insn.name, br?.insn.name]).toEqual(['adrp', 'add', 'br']);
  expect([adrp?.operands.rd, add?.operands.rn, add?.operands.rd, br?.operands.rn]).toEqual([16, 16, 16, 16]);
  return (adrp?.operands.target ?? Number.NaN) + (add?.operands.imm ?? Number.NaN);
};

describe('PLT entries', () => {
  it('PLT-7: are `adrp x16; add x16, x16, #lo12; br x16`', () => {
    const to = -0x7fff7f3537d0;
    expect(pltEntry(to, CORE).map((word, i) => text(word, CORE + 4 * i))).toEqual([
      'adrp x16, 0xffff800080cac000',
      'add x16, x16, #0x830',
      'br x16',
    ]);
  });

  it('PLT-8: are for branches out of +-128 MB and for no others', () => {
    const from = CORE + 0x100000;
    const targets = [from - 128 * MB, from - 128 * MB - 4, from + 128 * MB - 4, from + 128 * MB];
    const { placed, run } = machine(targets);
    const one = (symbol: number) => {
      putWord(placed, TEXT, 0, 0x94000000);
      return done(run([call(symbol, 0)]));
    };
    expect([1, 2, 3, 4].map((symbol) => one(symbol).branches)).toEqual([
      { direct: 1, veneer: 0 },
      { direct: 0, veneer: 1 },
      { direct: 1, veneer: 0 },
      { direct: 0, veneer: 1 },
    ]);
  });

  it('PLT-9: leave a copy of the last entry in the slot after it when a branch shares that entry', () => {
    const { placed, run } = machine([CORE + 512 * MB, CORE + 600 * MB]);
    const result = done(run([call(1, 0), call(1, 1)]));
    expect(result.pltUsed).toEqual({ core: 1, init: 0 });
    expect(result.branches).toEqual({ direct: 0, veneer: 2 });
    expect(result.veneers).toHaveLength(1);
    const slot = (n: number) => [0, 4, 8].map((k) => wordAt(placed, PLT, 12 * n + k));
    expect(slot(1)).toEqual(slot(0));
    expect(slot(2)).toEqual([0, 0, 0]);
  });

  it('PLT-9: are compared with the last entry only', () => {
    const { run } = machine([CORE + 512 * MB, CORE + 600 * MB]);
    expect(done(run([call(1, 0), call(2, 1), call(1, 2)])).pltUsed.core).toBe(3);
  });

  it('PLT-10: of init sections stand in .init.plt', () => {
    const { placed, run } = machine([CORE + 512 * MB]);
    const result = done(run([call(1, 5)], INIT_TEXT));
    expect(result.pltUsed).toEqual({ core: 0, init: 1 });
    expect(result.veneers).toEqual([
      {
        kind: 'branch',
        section: '.init.plt',
        slot: 0,
        address: CORE + 0x200000,
        words: [0, 4, 8].map((k) => wordAt(placed, INIT_PLT, k)),
        target: CORE + 512 * MB,
        symbol: 1,
        site: CORE + 0x300000 + 20,
      },
    ]);
  });

  it('PLT-11: refuse a branch when all slots are taken', () => {
    const { run } = machine([CORE + 512 * MB, CORE + 600 * MB]);
    expect(run([call(1, 0), call(2, 1)], TEXT, 1)).toMatchObject({ ok: false, error: { errno: 'ENOEXEC' } });
  });

  it('PLT-12: out of reach of the branch are an overflow of the branch, with the address of the entry', () => {
    const { run } = machine([CORE + 1024 * MB], { plt: CORE - 200 * MB });
    expect(run([call(1, 0)])).toEqual({
      ok: false,
      error: { errno: 'ENOEXEC', words: 'module demo: overflow in relocation type 283 val ffff800013800000' },
    });
  });

  it('PLT-12: are in reach of the branch up to +128 MB - 4 and from -128 MB', () => {
    const ok = (distance: number) =>
      machine([CORE + 1024 * MB], { plt: CORE + 0x100000 + distance }).run([call(1, 0)]).ok;
    expect([-128 * MB - 4, -128 * MB, 128 * MB - 4, 128 * MB].map(ok)).toEqual([false, true, true, false]);
  });

  it('PLT-13: beyond the 4 GB of an ADRP hold the break instruction, as the encoder of the kernel gives it', () => {
    const { placed, run } = machine([CORE + 2 ** 32, CORE + 2 ** 32 - 4096, 2n ** 64n - 2n ** 62n]);
    done(run([call(1, 0)]));
    expect(wordAt(placed, PLT, 0)).toBe(0xd4202000);
    // All that the encoder keeps of a distance is 32 bits of pages.
    expect(done(run([call(3, 1)])).branches.veneer).toBe(1);
  });

  it('PLT-13: take two targets beyond an ADRP for the same, and stop where an ADRP meets what is none', () => {
    const { run } = machine([CORE + 2 ** 33, CORE + 2 ** 33 + 4096, CORE + 512 * MB]);
    expect(done(run([call(1, 0), call(2, 1)])).pltUsed.core).toBe(1);
    expect(run([call(3, 0), call(1, 1)])).toEqual({
      ok: false,
      error: { errno: 'ENOEXEC', words: 'kernel BUG at arch/arm64/lib/insn.c aarch64_insn_adrp_get_offset' },
    });
  });

  it('PLT-14: lead every far branch to its target, with the slots that the rules give', () => {
    const targets = Array.from({ length: 40 }, (_, i) => CORE + 400 * MB + i * 4 * 1021);
    const order = fc.array(fc.integer({ min: 1, max: targets.length }), { maxLength: 900 });
    fc.assert(
      fc.property(order, fc.boolean(), fc.constantFrom(0, 1, 62, 63), (symbols, erratum, page) => {
        const plt = CORE + 64 * page;
        const { placed, run } = machine(targets, { erratum, plt });
        symbols.forEach((_, i) => {
          putWord(placed, TEXT, 4 * i, 0x94000000);
        });
        const result = done(run(symbols.map((symbol, i) => call(symbol, i))));
        const forbidden = (slot: number) => erratum && ((plt + 12 * slot) & 0xfff) >= 0xff8;
        let used = 0;
        let last: { slot: number; symbol: number } | undefined;
        symbols.forEach((symbol, i) => {
          if (symbol !== last?.symbol) {
            const slot = forbidden(used) ? used + 1 : used;
            last = { slot, symbol };
            used = slot + 1;
          }
          const branch = decode(wordAt(placed, TEXT, 4 * i), CORE + 0x100000 + 4 * i);
          expect(branch?.operands.target).toBe(plt + 12 * last.slot);
          expect(follow(placed, TEXT, 4 * i, PLT)).toBe(targets[symbol - 1]);
        });
        expect(result.pltUsed.core).toBe(used);
        expect(result.veneers.every((v) => !forbidden(v.slot))).toBe(true);
      }),
      { numRuns: 60 },
    );
  });
});

describe('erratum 843419', () => {
  const TARGET_NEAR = CORE + 0x100000 + 0x8123;
  const TARGET_FAR = CORE + 64 * MB + 0x123;
  const adrp = (symbol: number, offset: number): Rela => ({ offset, type: ADRP, symbol, addend: 0n });

  it.each([0xff8, 0xffc])(
    'ERR843-2: turns an ADRP at page offset %s into an ADR when its page is within 1 MB',
    (offset) => {
      const { placed, run } = machine([TARGET_NEAR], { erratum: true });
      putWord(placed, TEXT, offset, encode(INSN.adrp, { rd: 7, target: 0 }) ?? 0);
      expect(done(run([adrp(1, offset)])).veneers).toEqual([]);
      const site = CORE + 0x100000 + offset;
      expect(text(wordAt(placed, TEXT, offset), site)).toBe('adr x7, 0xffff800020108000');
    },
  );

  it('ERR843-3: sends an ADRP whose page is further off to a veneer that comes back', () => {
    const { placed, run } = machine([TARGET_FAR], { erratum: true });
    putWord(placed, TEXT, 0xffc, 0x90000007);
    const [veneer] = done(run([adrp(1, 0xffc)])).veneers;
    const site = CORE + 0x100000 + 0xffc;
    expect(text(wordAt(placed, TEXT, 0xffc), site)).toBe('b 0xffff800020000000');
    expect(veneer).toMatchObject({ kind: 'adrp', slot: 0, target: CORE + 64 * MB, site });
    expect(veneer?.words.map((word, i) => text(word, CORE + 4 * i))).toEqual([
      'adrp x7, 0xffff800024000000',
      'add x7, x7, #0x0',
      'b 0xffff800020101000',
    ]);
  });

  it('ERR843-2: reaches with ADR exactly 1 MB', () => {
    const site = CORE + 0x100000 + 0xff8;
    const pages = [site - 0xff8 - 0xfe000, site - 0xff8 - 0xff000, site - 0xff8 + 0x100000, site - 0xff8 + 0x101000];
    const kinds = pages.map((page) => {
      const { placed, run } = machine([page], { erratum: true });
      putWord(placed, TEXT, 0xff8, 0x90000000);
      done(run([adrp(1, 0xff8)]));
      return decode(wordAt(placed, TEXT, 0xff8), site)?.insn.name;
    });
    expect(kinds).toEqual(['adr', 'adr', 'adr', 'b']);
  });

  it('ERR843-1: skips slots at page offset 0xff8 and 0xffc, and only then', () => {
    for (const [erratum, slots] of [
      [true, [0, 1, 2, 3, 4, 6]],
      [false, [0, 1, 2, 3, 4, 5]],
    ] as const) {
      const { placed, run } = machine(
        [1, 2, 3, 4, 5, 6].map((n) => CORE + (512 + n) * MB),
        { erratum, plt: CORE + 0xfc0 },
      );
      const result = done(run([1, 2, 3, 4, 5, 6].map((n) => call(n, n))));
      expect(result.veneers.map((v) => v.slot)).toEqual(slots);
      expect(result.pltUsed.core).toBe(erratum ? 7 : 6);
      expect(wordAt(placed, PLT, 12 * 5) === 0).toBe(erratum);
    }
  });

  it('ERR843-4: leaves every ADRP alone that stands elsewhere, or on a machine without the erratum', () => {
    for (const [erratum, offset] of [
      [true, 0xff4],
      [true, 0x1000],
      [false, 0xff8],
    ] as const) {
      const { placed, run } = machine([TARGET_FAR], { erratum });
      putWord(placed, TEXT, offset, 0x90000007);
      expect(done(run([adrp(1, offset)])).pltUsed.core).toBe(0);
      expect(decode(wordAt(placed, TEXT, offset), CORE + 0x100000 + offset)?.operands.target).toBe(CORE + 64 * MB);
    }
  });

  it('ERR843-5: refuses an ADRP when all slots are taken', () => {
    const { placed, run } = machine([TARGET_FAR], { erratum: true });
    putWord(placed, TEXT, 0xffc, 0x90000007);
    expect(run([adrp(1, 0xffc)], TEXT, 0)).toMatchObject({ ok: false, error: { errno: 'ENOEXEC' } });
  });
});
