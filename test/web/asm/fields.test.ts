import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CodeLine, fields } from '../../../clients/web/asm/index.ts';
import { encode, INSN, type Insn, type Operands } from '../../../daemon/kernel/arch/arm64/insn.ts';
import { encode as encodeX86, INSN as X86, type Insn as X86Insn } from '../../../daemon/kernel/arch/x86-64/insn.ts';
import { toHex } from '../../../protocol/address.ts';
import { BASE } from './lines.ts';

const MIB = 1 << 20;
const ADDRESS = toHex(BASE);

const ofWord = (word: number): Pick<CodeLine, 'address' | 'bytes'> => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(word);
  return { address: ADDRESS, bytes: bytes.toString('hex') };
};

const ofBytes = (bytes: Uint8Array): Pick<CodeLine, 'address' | 'bytes'> => ({
  address: ADDRESS,
  bytes: Buffer.from(bytes).toString('hex'),
});

/** Every bit of the instruction that the fields hold, and how often each bit is held. */
function put(found: ReturnType<typeof fields>, size: number): { bytes: string; held: readonly number[] } {
  const bits = new Array<number>(size * 8).fill(0);
  const held = new Array<number>(size * 8).fill(0);
  for (const { byte, hi, lo, value } of found.fields) {
    for (let bit = lo; bit <= hi; bit++) {
      bits[byte * 8 + bit] = Math.floor(value / 2 ** (bit - lo)) % 2;
      held[byte * 8 + bit] = (held[byte * 8 + bit] ?? 0) + 1;
    }
  }
  const bytes = Array.from({ length: size }, (_, at) =>
    bits.slice(at * 8, at * 8 + 8).reduce((sum, bit, i) => sum + bit * 2 ** i, 0),
  );
  return { bytes: Buffer.from(bytes).toString('hex'), held };
}

const once = (size: number): number[] => new Array<number>(size * 8).fill(1);

/** Words of the classes and any others. */
const anyWord = fc.oneof(
  fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  fc
    .tuple(fc.constantFrom(...Object.values<Insn>(INSN)), fc.integer({ min: 0, max: 2 ** 32 - 1 }))
    .map(([{ mask, bits }, random]) => ((random & ~mask) | bits) >>> 0),
);

const meaning = (found: ReturnType<typeof fields>, name: string): string | undefined =>
  found.fields.find((field) => field.name === name)?.meaning;

const value = (found: ReturnType<typeof fields>, name: string): number | undefined =>
  found.fields.find((field) => field.name === name)?.value;

const a64 = (what: Insn, operands: Operands) => fields('arm64', ofWord(encode(what, operands, BASE) ?? Number.NaN));

describe('bit fields of arm64', () => {
  it('PAGE-104: hold each of the 32 bits once, and are the word again', () => {
    fc.assert(
      fc.property(anyWord, (word) => {
        const line = ofWord(word);
        expect(put(fields('arm64', line), 4)).toEqual({ bytes: line.bytes, held: once(4) });
      }),
      { numRuns: 5000 },
    );
  });

  it('PAGE-104: come from the highest bit down, each with a meaning', () => {
    fc.assert(
      fc.property(anyWord, (word) => {
        const found = fields('arm64', ofWord(word)).fields;
        expect(found.map(({ hi }) => hi)).toEqual([31, ...found.slice(0, -1).map(({ lo }) => lo - 1)]);
        expect(found.filter((field) => field.meaning === '')).toEqual([]);
      }),
    );
  });

  it.each([
    ['B, BL', a64(INSN.bl, { target: BASE })],
    ['B.cond', a64(INSN.bcond, { target: BASE, cond: 1 })],
    ['ADR', a64(INSN.adr, { rd: 0, target: BASE })],
    ['ADRP', a64(INSN.adrp, { rd: 0, target: BASE })],
    ['ADD, SUB (immediate)', a64(INSN.add, { rd: 0, rn: 0, imm: 1, shift: 0 })],
    ['MOVN (wide immediate)', a64(INSN.movn, { rd: 0, imm: 1, shift: 0 })],
    ['MOVZ (wide immediate)', a64(INSN.movz, { rd: 0, imm: 1, shift: 0 })],
    ['MOVK (wide immediate)', a64(INSN.movk, { rd: 0, imm: 1, shift: 0 })],
    ['LDR (literal)', a64(INSN.ldrLiteral, { rt: 0, target: BASE })],
    ['LDR (immediate, unsigned offset)', a64(INSN.ldr, { rt: 0, rn: 0, imm: 8 })],
    ['BR', a64(INSN.br, { rn: 16 })],
    ['BLR', a64(INSN.blr, { rn: 16 })],
    ['RET', a64(INSN.ret, { rn: 30 })],
    ['HINT (NOP, BTI, PACIASP, …)', a64(INSN.nop, {})],
    ['HINT (NOP, BTI, PACIASP, …)', a64(INSN.bti, { targets: 1 })],
    ['BRK', a64(INSN.brk, { imm: 0x800 })],
    ['another instruction', a64(INSN.mov, { rd: 0, rm: 1 })],
  ])('PAGE-104: tell the class %s', (name, found) => {
    expect(found.name).toBe(name);
  });

  it('PAGE-105: say target, page, constant and condition', () => {
    expect(meaning(a64(INSN.bl, { target: BASE - 8 * MIB }), 'imm26')).toBe(
      '-2097152 words: 0xffff800007800000, 8 MiB back',
    );
    expect(meaning(a64(INSN.bl, { target: BASE }), 'op')).toBe('keeps the return address in x30: bl');
    const adrp = a64(INSN.adrp, { rd: 16, target: BASE - 5 * 4096 });
    expect(meaning(adrp, 'immlo')).toBe('the low 2; in all -5 pages of 4 KiB: 0xffff800007ffb000');
    expect(meaning(adrp, 'Rd')).toBe('destination: x16');
    const movk = a64(INSN.movk, { rd: 16, imm: 0x87a, shift: 16 });
    expect([meaning(movk, 'hw'), meaning(movk, 'imm16')]).toEqual([
      'bits 31 to 16 of it',
      '0x87a, shifted left by 16 bits',
    ]);
    expect(meaning(a64(INSN.bcond, { target: BASE + 8, cond: 8 }), 'cond')).toBe('hi: higher (unsigned)');
    expect(meaning(a64(INSN.ldr, { rt: 16, rn: 16, imm: 0x20 }), 'imm12')).toBe('4 × 8: 32 bytes beyond the base');
    expect(meaning(a64(INSN.brk, { imm: 0x800 }), 'imm16')).toMatch(/^0x800: BUG\(\) or WARN\(\)/);
  });

  it('PAGE-105: have the values of the operands, whatever they are', () => {
    const far = fc.integer({ min: -(2 ** 25), max: 2 ** 25 - 1 });
    fc.assert(
      fc.property(
        far,
        fc.integer({ min: 0, max: 30 }),
        fc.integer({ min: 0, max: 0xffff }),
        (words, register, constant) => {
          expect(value(a64(INSN.b, { target: BASE + words * 4 }), 'imm26')).toBe(words < 0 ? words + 2 ** 26 : words);
          expect(meaning(a64(INSN.b, { target: BASE + words * 4 }), 'imm26')).toContain(toHex(BASE + words * 4));
          const movn = a64(INSN.movn, { rd: register, imm: constant, shift: 48 });
          expect([value(movn, 'Rd'), value(movn, 'imm16'), value(movn, 'hw')]).toEqual([register, constant, 3]);
        },
      ),
    );
  });
});

describe('bit fields of x86-64', () => {
  const target = BASE + 5 * MIB;
  const written = Object.entries<X86Insn>(X86).map(
    ([name, what]) => [name, encodeX86(what, { target, cond: 5 }, BASE) ?? new Uint8Array()] as const,
  );

  it.each(written)('PAGE-104: of %s hold each bit once, and are the bytes again', (_, bytes) => {
    const found = fields('x86-64', ofBytes(bytes));
    expect(found.name).not.toBe('another instruction');
    expect(put(found, bytes.length)).toEqual({ bytes: ofBytes(bytes).bytes, held: once(bytes.length) });
  });

  it('PAGE-104: of any bytes hold each bit once', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 15 }), (bytes) => {
        expect(put(fields('x86-64', ofBytes(bytes)), bytes.length)).toEqual({
          bytes: ofBytes(bytes).bytes,
          held: once(bytes.length),
        });
      }),
    );
  });

  it('PAGE-105: say target, condition and registers', () => {
    const call = fields('x86-64', ofBytes(encodeX86(X86.call, { target }, BASE) ?? new Uint8Array()));
    expect(
      call.fields.map(({ name, byte, bytes, hi, lo, meaning: says }) => [name, byte, bytes, hi, lo, says]),
    ).toEqual([
      ['opcode', 0, 1, 7, 0, 'call rel32'],
      ['rel32', 1, 4, 31, 0, '5242875 bytes from the next instruction: 0xffff800008500000, 5 MiB ahead'],
    ]);
    const jcc = fields('x86-64', ofBytes(encodeX86(X86.jcc, { target, cond: 5 }, BASE) ?? new Uint8Array()));
    expect(meaning(jcc, 'cond')).toBe('ne: not equal (not zero)');
    const ud1 = fields('x86-64', ofBytes(encodeX86(X86.ud1) ?? new Uint8Array()));
    expect(ud1.fields.map(({ name }) => name)).toEqual(['opcode', 'opcode', 'mod', 'reg', 'rm']);
    expect([meaning(ud1, 'mod'), meaning(ud1, 'rm')]).toEqual(['a register', 'register esp']);
  });
});
