import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  branchReaches,
  decode,
  encode,
  INSN,
  type Insn,
  is,
  NOP,
  type Operands,
  REACH,
  RET,
  text,
} from '../../../../daemon/kernel/arch/arm64/insn.ts';
import { hasBinutils, objdump } from './binutils.ts';

const PC = -0x7ffff8000000; // 0xffff800008000000
const PC64 = 0xffff800008000000n;
const all = Object.entries<Insn>(INSN);

/** Words of one instruction: every field at its extremes and in the middle, then random ones. */
const sampleWords = (what: Insn, random: number): number[] => {
  const free = ~what.mask >>> 0;
  const fill = (bits: number) => (what.bits | (bits & free)) >>> 0;
  const words = new Set([fill(0), fill(-1), fill(0x55555555), fill(0xaaaaaaaa)]);
  for (let i = 0; i < 32; i++) for (const bits of [1 << i, ~(1 << i), (1 << i) - 1, -(1 << i)]) words.add(fill(bits));
  for (const bits of fc.sample(fc.integer(), { numRuns: random, seed: 843419 })) words.add(fill(bits));
  return [...words];
};

/** objdump's spelling, with numbers in hexadecimal and without the symbol notes. */
const normal = (line: string): string =>
  line
    .replace(/\s+<.*|\s+\/\/.*/g, '')
    .replace(/\s+/g, ' ')
    .replace(/#(\d+)(?![x\d])/g, (_, n: string) => `#0x${Number(n).toString(16)}`)
    .replace(/lsl #0x([0-9a-f]+)/g, (_, n: string) => `lsl #${Number.parseInt(n, 16)}`)
    .replace(/, #0x0\]/, ']')
    .trim();

describe('the instruction table', () => {
  it.each(all)('INSN-1: gives back any word of %s that it decoded, whatever its fields', (_, what) => {
    fc.assert(
      fc.property(fc.integer(), (bits) => {
        const word = ((bits & ~what.mask) | what.bits) >>> 0;
        const found = decode(word, PC);
        expect(found).toBeDefined();
        if (found) expect(encode(found.insn, found.operands, PC)).toBe(word);
      }),
      { numRuns: 500 },
    );
  });

  it('INSN-1: holds no two instructions for one word', () => {
    for (const [name, what] of all)
      for (const word of sampleWords(what, 200))
        expect(
          all.filter(([, other]) => is(other, word)).map(([n]) => n),
          `0x${word.toString(16)}`,
        ).toEqual([name]);
  });

  /** objdump has an alias for some operands of these, which the table writes out. */
  const plain = new Set<Insn>([INSN.movz, INSN.movn, INSN.movk, INSN.add]);

  it.skipIf(!hasBinutils).each(all)('INSN-2: writes %s as objdump does', (_, what) => {
    const words = sampleWords(what, 3000);
    const theirs = objdump(words, PC64, !plain.has(what)).map((line) => normal(line));
    const ours = words.map((word, i) => normal(text(word, PC + 4 * i)));
    expect(ours).toEqual(theirs);
  });

  it.skipIf(!hasBinutils)('INSN-2: takes no other instruction for one of its own', () => {
    const words = fc.sample(fc.integer(), { numRuns: 20_000, seed: 1 }).map((n) => n >>> 0);
    const aliased = objdump(words, PC64, true);
    const written = objdump(words, PC64);
    for (const [i, word] of words.entries()) {
      const found = decode(word, PC + 4 * i);
      const theirs = (found && plain.has(found.insn) ? written : aliased)[i] ?? '';
      if (found) expect(normal(text(word, PC + 4 * i))).toBe(normal(theirs));
    }
  });

  it('INSN-3: writes what is not in the table as a word', () => {
    expect(text(0)).toBe('.inst 0x00000000');
    expect(text(0xd69f03e0)).toBe('.inst 0xd69f03e0');
  });

  const reaches: readonly (readonly [string, Insn, Operands, { min: number; max: number }, number])[] = [
    ['b', INSN.b, {}, REACH.branch, 4],
    ['bl', INSN.bl, {}, REACH.branch, 4],
    ['b.cond', INSN.bcond, { cond: 3 }, REACH.conditional, 4],
    ['cbz', INSN.cbz, { sf: 1, rt: 3 }, REACH.conditional, 4],
    ['cbnz', INSN.cbnz, { sf: 0, rt: 3 }, REACH.conditional, 4],
    ['ldr literal', INSN.ldrLiteral, { rt: 3 }, REACH.conditional, 4],
    ['tbz', INSN.tbz, { bit: 63, rt: 3 }, REACH.testBit, 4],
    ['tbnz', INSN.tbnz, { bit: 0, rt: 3 }, REACH.testBit, 4],
    ['adr', INSN.adr, { rd: 3 }, REACH.adr, 1],
    ['adrp', INSN.adrp, { rd: 3 }, REACH.adrp, 4096],
  ];
  it.each(reaches)(
    'INSN-4: %s reaches from its first to its last target and not one step further',
    (_, what, other, reach, step) => {
      const to = (distance: number) => encode(what, { ...other, target: PC + distance }, PC);
      for (const distance of [reach.min, reach.min + step, -step, 0, step, reach.max - step, reach.max]) {
        const word = to(distance);
        expect(word).toBeDefined();
        if (word !== undefined) expect(decode(word, PC)?.operands.target).toBe(PC + distance);
      }
      expect(to(reach.min - step)).toBeUndefined();
      expect(to(reach.max + step)).toBeUndefined();
      if (step === 4) for (const odd of [1, 2, 3]) expect(to(odd)).toBeUndefined();
    },
  );

  it('INSN-4: says whether a branch reaches', () => {
    expect(branchReaches(PC, PC - 0x8000000)).toBe(true);
    expect(branchReaches(PC, PC - 0x8000004)).toBe(false);
    expect(branchReaches(PC, PC + 0x7fffffc)).toBe(true);
    expect(branchReaches(PC, PC + 0x8000000)).toBe(false);
  });

  it('INSN-5: refuses a missing operand, a register 32, an immediate that does not fit and an offset between steps', () => {
    expect(encode(INSN.br, {})).toBeUndefined();
    expect(encode(INSN.br, { rn: 32 })).toBeUndefined();
    expect(encode(INSN.movk, { rd: 16, imm: 0x10000, shift: 0 })).toBeUndefined();
    expect(encode(INSN.movk, { rd: 16, imm: 0, shift: 64 })).toBeUndefined();
    expect(encode(INSN.movk, { rd: 16, imm: 0, shift: 8 })).toBeUndefined();
    expect(encode(INSN.add, { rd: 0, rn: 0, imm: 4096, shift: 0 })).toBeUndefined();
    expect(encode(INSN.ldr, { rt: 0, rn: 0, imm: 4 })).toBeUndefined();
    expect(encode(INSN.ldr, { rt: 0, rn: 0, imm: 32768 })).toBeUndefined();
    expect(encode(INSN.b, { target: Number.NaN }, PC)).toBeUndefined();
  });

  it('INSN-6: knows the words that static calls use', () => {
    expect(encode(INSN.nop, {})).toBe(NOP);
    expect(encode(INSN.ret, { rn: 30 })).toBe(RET);
    expect(text(0xd503245f)).toBe('bti c');
    expect(text(encode(INSN.brk, { imm: 0x800 }) ?? 0)).toBe('brk #0x800');
    expect(text(encode(INSN.movn, { rd: 16, imm: 0x1234, shift: 0 }) ?? 0)).toBe('movn x16, #0x1234');
    expect(text(encode(INSN.movk, { rd: 16, imm: 0xabcd, shift: 32 }) ?? 0)).toBe('movk x16, #0xabcd, lsl #32');
    expect(text(encode(INSN.br, { rn: 16 }) ?? 0)).toBe('br x16');
    expect(text(0x94000000, PC)).toBe('bl 0xffff800008000000');
  });
});
