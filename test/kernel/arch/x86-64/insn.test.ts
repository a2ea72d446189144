import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codeOf } from '../../../../daemon/kernel/arch/static-call.ts';
import {
  branch,
  decode,
  encode,
  INSN,
  type Insn,
  is,
  type Operands,
  REACH,
  reaches,
  text,
  textOf,
} from '../../../../daemon/kernel/arch/x86-64/insn.ts';
import { hasObjdump, type Line, objdump } from './objdump.ts';

const PC = -0x3fe00000; // 0xffffffffc0200000
const PC64 = 0xffffffffc0200000n;
const all = Object.entries<Insn>(INSN);
const branches = all.filter(([, what]) => what.rel32);

/** A branch from `pc` whose target is a canonical address below the end of memory, as far as its distance goes. */
const targetOf = (pc: number, length: number, distance: number): number => Math.min(pc + length + distance, -1);

/** Distances at every boundary of the field, then random ones. */
const distances = (random: number): number[] => [
  ...new Set([
    ...[REACH.min, REACH.min + 1, -129, -128, -6, -5, -1, 0, 1, 127, 128, REACH.max - 1, REACH.max],
    ...Array.from({ length: 31 }, (_, i) => [2 ** i, 2 ** i - 1, -(2 ** i)]).flat(),
    ...fc.sample(fc.integer(), { numRuns: random, seed: 53786 }),
  ]),
];

/** Every condition that `what` has, with every distance if it is a branch. */
const shapes = (what: Insn, random: number): { readonly cond?: number; readonly distance?: number }[] => {
  const conds = what.cond ? Array.from({ length: 16 }, (_, cond) => ({ cond })) : [{}];
  if (!what.rel32) return conds;
  return distances(random).flatMap((distance) => conds.map((cond) => ({ ...cond, distance })));
};

const operandsAt = (what: Insn, pc: number, { distance, ...cond }: ReturnType<typeof shapes>[number]): Operands =>
  distance === undefined ? cond : { ...cond, target: targetOf(pc, what.length, distance) };

/** A target beyond the end of memory goes on at its start. */
const wrapped = (line: string): string =>
  line.replace(/0x0000000([0-9a-f]+)$/, (_, digits: string) => `0x${digits.replace(/^0+(?=.)/, '')}`);

describe('the instruction table', () => {
  it.each(all)('X86-1: gives back every %s that it encoded', (_, what) => {
    for (const shape of shapes(what, what.cond ? 50 : 1000)) {
      const operands = operandsAt(what, PC, shape);
      const bytes = encode(what, operands, PC) ?? new Uint8Array(0);
      expect(bytes).toHaveLength(what.length);
      expect(decode(bytes, PC)).toEqual({ insn: what, operands });
      expect(all.filter(([, other]) => is(other, bytes))).toHaveLength(1);
    }
  });

  it.skipIf(!hasObjdump).each(all)('X86-2: writes %s as objdump does, byte for byte as long', (_, what) => {
    // One after the other, so each has its own pc.
    const ours: Line[] = [];
    const image: number[] = [];
    for (const shape of shapes(what, what.cond ? 250 : 4000)) {
      const pc = PC + image.length;
      const bytes = encode(what, operandsAt(what, pc, shape), pc) ?? new Uint8Array(0);
      ours.push({ at: image.length, bytes: codeOf(bytes), text: text(bytes, pc) });
      image.push(...bytes);
    }
    expect(ours.length).toBeGreaterThan(what.rel32 ? 3000 : 0);
    expect(objdump(Uint8Array.from(image), PC64)).toEqual(ours);
  });

  it.skipIf(!hasObjdump)('X86-2: takes no other instruction for one of its own', () => {
    // Opcodes of the table and their neighbours with random tails, each followed by nops: objdump finds its way back there.
    const nops = Array.from({ length: 16 }, () => 0x90);
    const opcodes = all.flatMap(([, { opcode }]) => [
      opcode,
      ...[1, 2, 4, 8, 16].map((bit) => opcode.map((byte, i) => (i === opcode.length - 1 ? byte ^ bit : byte))),
    ]);
    const tails = fc.sample(fc.uint8Array({ minLength: 4, maxLength: 4 }), { numRuns: 60, seed: 7 });
    const blobs = opcodes.flatMap((opcode) => tails.map((tail) => [...opcode, ...tail, ...nops].slice(0, 24)));
    const image = Uint8Array.from(blobs.flat());
    const theirs = new Map(objdump(image, PC64).map((line) => [line.at, line]));
    let at = 0;
    let hits = 0;
    for (const blob of blobs) {
      const found = decode(image, PC + at, at);
      if (found) {
        const { length } = found.insn;
        expect(theirs.get(at)).toEqual({
          at,
          bytes: codeOf(image.subarray(at, at + length)),
          text: wrapped(text(image.subarray(at), PC + at)),
        });
        hits++;
      }
      at += blob.length;
    }
    expect(hits).toBeGreaterThan(500);
  });

  it('X86-3: writes what is not in the table as a byte', () => {
    expect(text(Uint8Array.of(0x90))).toBe('.byte 0x90');
    expect(decode(new Uint8Array(0))).toBeUndefined();
  });

  it.each(all)('X86-3: does not see %s where its bytes are cut off', (_, what) => {
    const [shape = {}] = shapes(what, 0);
    const bytes = encode(what, operandsAt(what, PC, shape), PC) ?? new Uint8Array(0);
    for (let length = 0; length < bytes.length; length++) expect(is(what, bytes.subarray(0, length))).toBe(false);
    expect(is(what, Uint8Array.of(0x66, ...bytes), 1)).toBe(true);
  });

  it.each(branches)('X86-4: %s reaches from its first to its last target and not one byte further', (_, what) => {
    const low = -(2 ** 40);
    const to = (distance: number) => encode(what, { cond: 4, target: low + what.length + distance }, low);
    for (const distance of [REACH.min, REACH.min + 1, -1, 0, 1, REACH.max]) {
      expect(decode(to(distance) ?? new Uint8Array(0), low)?.operands.target).toBe(low + what.length + distance);
      expect(reaches(low, what.length, low + what.length + distance)).toBe(true);
    }
    for (const distance of [REACH.min - 1, REACH.max + 1]) {
      expect(to(distance)).toBeUndefined();
      expect(reaches(low, what.length, low + what.length + distance)).toBe(false);
    }
  });

  it('X86-4: refuses a missing operand, a condition that is none, and a target between addresses', () => {
    expect(encode(INSN.call, {}, PC)).toBeUndefined();
    expect(encode(INSN.jcc, { target: PC }, PC)).toBeUndefined();
    expect(encode(INSN.jcc, { target: PC, cond: 16 }, PC)).toBeUndefined();
    expect(encode(INSN.jmp, { target: PC + 0.5 }, PC)).toBeUndefined();
  });

  it('X86-5: cuts the distance of a generated branch to 32 bits as the kernel does', () => {
    expect(codeOf(branch(INSN.call, PC, PC + 5))).toBe('e800000000');
    expect(codeOf(branch(INSN.jmp, PC, PC + 5 + 2 ** 33 + 1))).toBe('e901000000');
    expect(codeOf(branch(INSN.jcc, PC, PC, 5))).toBe('0f85faffffff');
    fc.assert(
      fc.property(fc.integer(), fc.constantFrom(INSN.call, INSN.jmp), (distance, what) => {
        const target = targetOf(-(2 ** 40), what.length, distance);
        expect(branch(what, -(2 ** 40), target)).toEqual(encode(what, { target }, -(2 ** 40)));
      }),
    );
  });

  it('X86-6: knows the bytes that static calls use', () => {
    const bytes = Object.fromEntries(all.map(([name, what]) => [name, codeOf(what.opcode)]));
    expect(bytes).toEqual({
      call: 'e8',
      jmp: 'e9',
      jcc: '0f80',
      ret: 'c3',
      int3: 'cc',
      nop5: '0f1f440000',
      xor5: '2e2e2e31c0',
      ud1: '0fb9cc',
      ud2: '0f0b',
    });
  });

  it('X86-7: writes a place without its fill, up to the first thing that is no instruction of the table', () => {
    expect(textOf(PC, 'c3cccccccc0fb9cc')).toBe('ret; ud1 %esp,%ecx');
    expect(textOf(PC, 'e9fbffffff0fb9cc')).toBe('jmp 0xffffffffc0200000; ud1 %esp,%ecx');
    expect(textOf(PC, '0f0bcccccc0fb9cc')).toBe('ud2; ud1 %esp,%ecx');
    expect(textOf(PC, 'e8fbffffff65ff0d')).toBe('call 0xffffffffc0200000');
    expect(textOf(PC, '90')).toBe('.byte 0x90');
  });
});
