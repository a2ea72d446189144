/**
 * The layouts: fields from bit 31 down, `name:width`, or `name=bits` where the bits are this class's. Source: the manual's
 * C4.1 and C6.2. The first class that fits is it; the last one takes any word.
 */
import type { Class, Part } from './layout.ts';
import {
  adrpTarget,
  adrTarget,
  branchTarget,
  brkReason,
  condition,
  hint,
  moveShift,
  newBits,
  offsetIn,
  register,
  sf,
  topBit,
  topLevel,
  when,
} from './meanings.ts';

const parts = (layout: string): readonly Part[] =>
  layout.split(' ').map((text) => {
    const [, name = '', sign, digits = ''] = /^(\w+)([:=])(\d+)$/.exec(text) ?? [];
    return sign === '='
      ? { name, width: digits.length, fixed: Number.parseInt(digits, 2) }
      : { name, width: Number(digits) };
  });

const define = (name: string, source: string, layout: string, meanings: Class['meanings'] = {}): Class => ({
  name,
  source,
  parts: parts(layout),
  meanings,
});

const Rd = register('destination');
const RnSp = register('base', 'sp');
const link = when('keeps the return address in x30: bl', 'keeps no return address: b');
const size = when('8 bytes, an x register', '4 bytes, a w register');
const immhi = 'the high 19 of the 21 bits';

const move = (name: string, opc: string, says: string): Class =>
  define(`${name} (wide immediate)`, `C6.2, ${name}`, `sf:1 opc=${opc} op=100101 hw:2 imm16:16 Rd:5`, {
    sf,
    opc: () => says,
    hw: moveShift,
    imm16: newBits,
    Rd,
  });

const branchRegister = (name: string, op: string, role: string): Class =>
  define(name, `C6.2, ${name}`, `fixed=1101011 Z=0 zero=0 op=${op} op2=11111 op3=0000 A=0 M=0 Rn:5 Rm=00000`, {
    op: () => `${op}: ${name.toLowerCase()}`,
    Rn: register(role),
  });

export const CLASSES: readonly Class[] = [
  define('B, BL', 'C6.2, B and BL', 'op:1 fixed=00101 imm26:26', { op: link, imm26: branchTarget(26) }),
  define('B.cond', 'C6.2, B.cond', 'fixed=0101010 o1=0 imm19:19 o0=0 cond:4', {
    imm19: branchTarget(19),
    cond: condition,
  }),
  define('CBZ, CBNZ', 'C6.2, CBZ and CBNZ', 'sf:1 fixed=011010 op:1 imm19:19 Rt:5', {
    sf,
    op: when('branches if it is not zero: cbnz', 'branches if it is zero: cbz'),
    imm19: branchTarget(19),
    Rt: register('register that is tested'),
  }),
  define('TBZ, TBNZ', 'C6.2, TBZ and TBNZ', 'b5:1 fixed=011011 op:1 b40:5 imm14:14 Rt:5', {
    b5: (value) => `the top bit of the bit number, ${value * 32} + b40`,
    op: when('branches if the bit is set: tbnz', 'branches if the bit is clear: tbz'),
    b40: (value, { of }) => `bit ${of('b5') * 32 + value} is tested`,
    imm14: branchTarget(14),
    Rt: register('register that is tested'),
  }),
  define('ADR', 'C6.2, ADR', 'op=0 immlo:2 fixed=10000 immhi:19 Rd:5', { immlo: adrTarget, immhi: () => immhi, Rd }),
  define('ADRP', 'C6.2, ADRP', 'op=1 immlo:2 fixed=10000 immhi:19 Rd:5', { immlo: adrpTarget, immhi: () => immhi, Rd }),
  define('ADD, SUB (immediate)', 'C6.2, ADD (immediate)', 'sf:1 op:1 S:1 fixed=100010 sh:1 imm12:12 Rn:5 Rd:5', {
    sf,
    op: when('subtracts', 'adds'),
    S: when('sets the flags', 'leaves the flags alone'),
    sh: when('the immediate times 4096', 'the immediate as it is'),
    imm12: (value, { of }) => `${value * 4096 ** of('sh')}`,
    Rn: register('first operand', 'sp'),
    Rd: (value, context) => register('destination', context.of('S') === 1 ? 'zr' : 'sp')(value, context),
  }),
  move('MOVN', '00', 'writes the inverse, all other bits set: movn'),
  move('MOVZ', '10', 'writes it, all other bits clear: movz'),
  move('MOVK', '11', 'writes these 16 bits and keeps the others: movk'),
  define('LDR (literal)', 'C6.2, LDR (literal)', 'opc0=0 size:1 fixed=011000 imm19:19 Rt:5', {
    size,
    imm19: branchTarget(19),
    Rt: Rd,
  }),
  define(
    'LDR (immediate, unsigned offset)',
    'C6.2, LDR (immediate)',
    'one=1 size:1 fixed=11100101 imm12:12 Rn:5 Rt:5',
    {
      size,
      imm12: offsetIn((of) => (of('size') === 1 ? 8 : 4)),
      Rn: RnSp,
      Rt: Rd,
    },
  ),
  branchRegister('BR', '00', 'where the branch goes'),
  branchRegister('BLR', '01', 'where the call goes'),
  branchRegister('RET', '10', 'where it returns to'),
  define('HINT (NOP, BTI, PACIASP, …)', 'C6.2, HINT', 'fixed=11010101000000110010 CRm:4 op2:3 Rt=11111', {
    CRm: hint,
    op2: (value, { of }) => `hint ${of('CRm') * 8 + value}`,
  }),
  define('BRK', 'C6.2, BRK', 'fixed=11010100 opc=001 imm16:16 op2=000 LL=00', { imm16: brkReason }),
  define('UDF', 'C6.2, UDF', 'fixed=0000000000000000 imm16:16', { imm16: (value) => `${value}, which nothing reads` }),
  define('another instruction', 'C4.1', 'op0:1 bits30_29:2 op1:4 rest:25', {
    op0: topBit,
    bits30_29: () => 'further opcode',
    op1: topLevel,
    rest: () => 'what the instruction itself is, and its operands',
  }),
];
