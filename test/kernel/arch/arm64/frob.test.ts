import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { frobSections } from '../../../../daemon/kernel/arch/arm64/frob.ts';
import { columns, elfModule, type Rela, rows, SHF_ALLOC, TEXT, type TestSymbol } from './module.ts';

const JUMP26 = 282;
const CALL26 = 283;
const ADRP = 275;
const ADRP_NC = 276;
const ABS64 = 257;

const PLTS = [
  { name: '.plt', size: 1 },
  { name: '.init.plt', size: 1 },
];
/** Sections: 1 .plt, 2 .init.plt, 3 .text, 4 .init.text, 5 .data. */
const SECTIONS = [
  ...PLTS,
  { name: '.text', align: 4 },
  { name: '.init.text', align: 8 },
  { name: '.data', flags: SHF_ALLOC },
];
const TEXT_INDEX = 3;
const INIT_TEXT_INDEX = 4;
const DATA_INDEX = 5;
/** Symbol 1 lives in .text, 2 in .init.text, 3 and up elsewhere. */
const SYMBOLS: readonly TestSymbol[] = [0, TEXT_INDEX, INIT_TEXT_INDEX, 0, 0, 0].map((shndx) => ({ shndx, value: 0n }));
const elf = elfModule(SECTIONS, SYMBOLS);

const isBranch = (r: Rela) => r.type === JUMP26 || r.type === CALL26;
const same = (a: Rela, b: Rela) => a.type === b.type && a.symbol === b.symbol && a.addend === b.addend;

/** The rule of the partition as words: swap from both ends, stop when the cursors meet, never look at that element. */
const partitionByTheRule = (input: readonly Rela[], target: number): { list: Rela[]; front: number } => {
  const list = [...input];
  const far = (r: Rela | undefined) => r !== undefined && isBranch(r) && SYMBOLS[r.symbol]?.shndx !== target;
  let front = 0;
  let back = list.length - 1;
  while (front < back) {
    const [a, b] = [list[front], list[back]];
    if (far(a)) front++;
    else if (a && b && far(b)) [list[front], list[back]] = [b, a];
    else back--;
  }
  return { list, front };
};

const compare = (a: Rela, b: Rela) =>
  a.type - b.type || a.symbol - b.symbol || (a.addend < b.addend ? -1 : a.addend > b.addend ? 1 : 0);

const countByTheRule = (list: readonly Rela[], target: number, erratum: boolean): { plts: number; align: number } => {
  let plts = 0;
  let align = 1;
  list.forEach((r, i) => {
    const before = list[i - 1];
    if (isBranch(r) && SYMBOLS[r.symbol]?.shndx !== target) {
      if (!(r.addend === 0n && before && same(r, before))) plts++;
    }
    if (erratum && (r.type === ADRP || r.type === ADRP_NC)) {
      // Smallest power of two that, as the section's alignment, can't let the instruction end in 0xff8 or 0xffc.
      let safe = 1;
      const canHit = (alignment: number) => {
        for (let base = 0; base < 4096; base += alignment) if (((base + r.offset) & 0xff8) === 0xff8) return true;
        return false;
      };
      while (safe <= 4096 && canHit(safe)) safe *= 2;
      if (safe > 4096) plts++;
      else align = Math.max(align, safe);
    }
  });
  if (erratum) plts += Math.ceil(plts / 341);
  return { plts, align };
};

const relocation = fc.record<Rela>({
  offset: fc.integer({ min: 0, max: 20_000 }).map((n) => n * 4),
  type: fc.constantFrom(JUMP26, CALL26, CALL26, ADRP, ADRP_NC, ABS64),
  symbol: fc.integer({ min: 0, max: SYMBOLS.length - 1 }),
  addend: fc.constantFrom(0n, 0n, 0n, 4n, -4n, 2n ** 63n - 1n, 2n ** 63n - 2n, -(2n ** 63n)),
});

const frob = (
  relas: readonly Rela[],
  target = TEXT_INDEX,
  erratum843419 = false,
  layout: 'linux-6.1' | 'linux-6.12' = 'linux-6.1',
) => {
  const result = frobSections(elf, [columns(9, target, relas)], { layout, erratum843419 });
  if (!result.ok) throw new Error(result.error.words);
  return result;
};
const ordered = (relas: readonly Rela[], target = TEXT_INDEX) => {
  const [first] = frob(relas, target).relas;
  return first ? rows(first) : [];
};
const call = (symbol: number, addend = 0n, offset = 0): Rela => ({ offset, type: CALL26, symbol, addend });

describe('sizing the PLT', () => {
  it('PLT-1: makes .plt and .init.plt empty executable sections of (n + 1) entries, aligned to a cache line', () => {
    const { sections, pltReserved } = frob([call(3), call(4), call(1)]);
    expect(pltReserved).toEqual({ core: 2, init: 0 });
    expect(sections[1]).toMatchObject({ index: 1, name: '.plt', type: 8, flags: TEXT, size: 36, align: 64 });
    expect(sections[2]).toMatchObject({ index: 2, name: '.init.plt', type: 8, flags: TEXT, size: 12, align: 64 });
  });

  it('PLT-1: counts a section whose name starts with .init for .init.plt', () => {
    expect(frob([call(3), call(1)], INIT_TEXT_INDEX).pltReserved).toEqual({ core: 0, init: 2 });
  });

  it('PLT-2: leaves out branches within a section, and repeats without addend', () => {
    expect(frob([call(1), call(3), call(3), call(3)]).pltReserved.core).toBe(1);
    expect(frob([call(3, 4n), call(3, 4n), call(4)]).pltReserved.core).toBe(3);
  });

  it('PLT-3: never looks at the element on which the partition stops, so a branch can stay unsorted', () => {
    const order = ordered([call(5), call(4), call(3)]).map((r) => r.symbol);
    expect(order).toEqual([4, 5, 3]);
  });

  it('PLT-3: partitions, sorts and counts as the rules say', () => {
    fc.assert(
      fc.property(
        fc.array(relocation, { maxLength: 60 }),
        fc.constantFrom(TEXT_INDEX, INIT_TEXT_INDEX),
        fc.boolean(),
        (relas, target, erratum) => {
          const { list, front } = partitionByTheRule(relas, target);
          const expected = [...list.slice(0, front).sort(compare), ...list.slice(front)];
          const got = frob(relas, target, erratum);
          const rela = got.relas[0];
          const plain = ({ type, symbol, addend }: Rela) => `${type} ${symbol} ${addend}`;
          const result = rela ? rows(rela) : [];
          expect(result.map(plain)).toEqual(expected.map(plain));
          expect(result.slice(front)).toEqual(expected.slice(front));
          expect([...result].sort((a, b) => a.offset - b.offset || compare(a, b))).toEqual(
            [...relas].sort((a, b) => a.offset - b.offset || compare(a, b)),
          );
          const count = countByTheRule(expected, target, erratum);
          expect(got.pltReserved).toEqual(
            target === TEXT_INDEX ? { core: count.plts, init: 0 } : { core: 0, init: count.plts },
          );
          expect(got.sections[target]?.align).toBe(Math.max(count.align, target === TEXT_INDEX ? 4 : 8));
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('PLT-3: sorts thousands of branches as the rules say', () => {
    const relas = fc.sample(relocation, { numRuns: 5000, seed: 6 });
    const { list, front } = partitionByTheRule(relas, TEXT_INDEX);
    const expected = [...list.slice(0, front).sort(compare), ...list.slice(front)];
    expect(ordered(relas).map((r) => [r.type, r.symbol, r.addend])).toEqual(
      expected.map((r) => [r.type, r.symbol, r.addend]),
    );
  });

  it('PLT-4: leaves relocations of sections without code as they are', () => {
    const relas = [call(5), call(4), call(3)];
    expect(ordered(relas, DATA_INDEX)).toEqual(relas);
    expect(frob(relas, DATA_INDEX).pltReserved).toEqual({ core: 0, init: 0 });
  });

  it.each([
    ['.plt', [{ name: '.init.plt' }]],
    ['.init.plt', [{ name: '.plt' }]],
  ])('PLT-5: refuses a module without %s in the words of the kernel', (_, sections) => {
    const result = frobSections(elfModule(sections, SYMBOLS), [], { layout: 'linux-6.1', erratum843419: false });
    expect(result).toEqual({
      ok: false,
      error: { errno: 'ENOEXEC', words: 'demo: module PLT section(s) missing' },
    });
  });

  it('PLT-5: refuses a module without symbol table in the words of the kernel', () => {
    const whole = elfModule(PLTS, SYMBOLS);
    const without = { ...whole, sections: whole.sections.filter((s) => s.name !== '.symtab') };
    const result = frobSections(without, [], { layout: 'linux-6.12', erratum843419: false });
    expect(result).toMatchObject({ error: { errno: 'ENOEXEC', words: 'demo: module symtab section missing' } });
  });

  it('PLT-6: gives the ftrace trampolines of each version their entries', () => {
    const traced = elfModule(
      [...PLTS, { name: '.text.ftrace_trampoline' }, { name: '.init.text.ftrace_trampoline' }],
      SYMBOLS,
    );
    const sizes = (layout: 'linux-6.1' | 'linux-6.12') => {
      const result = frobSections(traced, [], { layout, erratum843419: false });
      return result.ok ? result.sections.slice(3, 5).map((s) => [s.type, s.flags, s.size, s.align]) : [];
    };
    expect(sizes('linux-6.1')).toEqual([
      [8, TEXT, 24, 4],
      [1, TEXT, 0, 1],
    ]);
    expect(sizes('linux-6.12')).toEqual([
      [8, TEXT, 12, 4],
      [8, TEXT, 12, 4],
    ]);
  });

  it('ERR843-1: raises the alignment for an ADRP that it can keep off the end of a page, and reserves a slot for the others', () => {
    const adrp = (offset: number): Rela => ({ offset, type: ADRP, symbol: 3, addend: 0n });
    expect(frob([adrp(0x100)], TEXT_INDEX, true).sections[TEXT_INDEX]?.align).toBe(16);
    expect(frob([adrp(0x7f8)], TEXT_INDEX, true).sections[TEXT_INDEX]?.align).toBe(4096);
    const last = frob([adrp(0xff8), adrp(0x1ffc)], TEXT_INDEX, true);
    expect(last.sections[TEXT_INDEX]?.align).toBe(4);
    expect(last.pltReserved.core).toBe(3);
    expect(frob([adrp(0xff8)], TEXT_INDEX, false).pltReserved.core).toBe(0);
  });
});
