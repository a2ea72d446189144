/** Moves, arithmetic, logic, bit fields, conditions. Source: DDI 0487, C6.2; aliases as the disassembler prefers them. */
import { numberOf, type Parsed, plain } from '../parse.ts';
import type { Rule, Rules } from '../rule.ts';
import { conditionWords } from './conditions.ts';
import { operandWords } from './operands.ts';

/** The last operand is the condition; `count` others come before it. */
const conditional =
  (count: number, template: (words: readonly string[], condition: string) => string): Rule =>
  ({ operands }) => {
    const words = operandWords(operands.slice(0, -1));
    return words.length === count ? template(words, conditionWords(operands.at(-1) ?? '')) : undefined;
  };

const bitsFrom = (low: string, count: string): string => {
  const first = numberOf(low);
  const last = first + numberOf(count) - 1;
  return first === last ? `bit ${first}` : `bits ${last} to ${first}`;
};

/** `take`: how the bits of the source get to the destination. */
const bitField =
  (title: string, take: (source: string, low: string, count: string) => string): Rule =>
  ({ operands: [to = '', from = '', low = '', count = ''] }: Parsed) =>
    `${title}: ${to} ${take(from === 'wzr' || from === 'xzr' ? 'zero' : from, low, count)}`;

const low = (count: string): string => (numberOf(count) === 1 ? 'lowest bit' : `low ${plain(count)} bits`);

export const ARITHMETIC: Rules = {
  mov: ({ operands }) => {
    const [to = '', from = ''] = operandWords(operands);
    return operands[1]?.startsWith('#')
      ? `move: puts ${inHex(operands[1])} into ${to}`
      : `move: copies ${from} to ${to}`;
  },
  movz: 'move, others zero: {0=}{1}; all its other bits are zero',
  movn: 'move inverted: {0=}the inverse of {1}: every bit that it lacks is set',
  movk: ({ operands }) => {
    const [to = '', bits = '', shift = 'lsl #0'] = operands;
    const first = numberOf(shift.replace('lsl ', ''));
    return `move, keep the rest: puts ${bits.slice(1)} into bits ${first + 15} to ${first} of ${to} and leaves its other bits`;
  },
  add: 'add: {0=}{1} + {2}',
  adds: 'add and set flags: {0=}{1} + {2}',
  adc: 'add with carry: {0=}{1} + {2} + the carry',
  adcs: 'add with carry and set flags: {0=}{1} + {2} + the carry',
  sub: 'subtract: {0=}{1} − {2}',
  subs: 'subtract and set flags: {0=}{1} − {2}',
  sbc: 'subtract with carry: {0=}{1} − {2} − what was borrowed',
  sbcs: 'subtract with carry and set flags: {0=}{1} − {2} − what was borrowed',
  neg: 'negate: {0=}0 − {1}',
  negs: 'negate and set flags: {0=}0 − {1}',
  ngc: 'negate with carry: {0=}0 − {1} − what was borrowed',
  ngcs: 'negate with carry and set flags: {0=}0 − {1} − what was borrowed',
  cmp: 'compare: {0} with {1}, for a condition that follows',
  cmn: 'compare negative: {0} + {1} with 0, for a condition that follows',
  tst: 'test: looks at the bits that {0} and {1x} share, for a condition that follows',
  and: 'and: {0=}the bits that {1} and {2x} share',
  ands: 'and, set flags: {0=}the bits that {1} and {2x} share',
  orr: 'or: {0=}the bits that {1} or {2x} has',
  orn: 'or not: {0=}the bits that {1} has or {2} lacks',
  eor: 'exclusive or: {0=}the bits in which {1} and {2x} differ',
  eon: 'exclusive or not: {0=}the bits in which {1} and {2} agree',
  bic: 'bit clear: {0=}{1} without the bits of {2}',
  bics: 'bit clear and set flags: {0=}{1} without the bits of {2}',
  mvn: 'move not: {0=}{1} with every bit turned over',
  lsl: 'shift left: {0=}{1} shifted left by {2} bits',
  lsr: 'shift right: {0=}{1} shifted right by {2} bits, zeroes coming in',
  asr: 'shift right with sign: {0=}{1} shifted right by {2} bits, its sign coming in',
  ror: 'rotate right: {0=}{1} with its bits rotated right by {2}',
  extr: 'extract: {0=}the bits of {1} and {2} side by side, from bit {3} on',
  mul: 'multiply: {0=}{1} × {2}',
  mneg: 'multiply and negate: {0=}−({1} × {2})',
  madd: 'multiply and add: {0=}{3} + {1} × {2}',
  msub: 'multiply and subtract: {0=}{3} − {1} × {2}',
  umull: 'multiply long: {0=}{1} × {2}, 32 bits by 32 bits to 64',
  smull: 'signed multiply long: {0=}{1} × {2}, 32 bits by 32 bits to 64',
  umulh: 'multiply high: {0=}the upper 64 bits of {1} × {2}',
  smulh: 'signed multiply high: {0=}the upper 64 bits of {1} × {2}',
  umaddl: 'multiply long and add: {0=}{3} + {1} × {2}, 32 bits by 32 bits to 64',
  smaddl: 'signed multiply long and add: {0=}{3} + {1} × {2}, 32 bits by 32 bits to 64',
  umsubl: 'multiply long and subtract: {0=}{3} − {1} × {2}, 32 bits by 32 bits to 64',
  smsubl: 'signed multiply long and subtract: {0=}{3} − {1} × {2}, 32 bits by 32 bits to 64',
  umnegl: 'multiply long and negate: {0=}−({1} × {2}), 32 bits by 32 bits to 64',
  smnegl: 'signed multiply long and negate: {0=}−({1} × {2}), 32 bits by 32 bits to 64',
  udiv: 'divide: {0=}{1} ÷ {2}, rounded towards zero; by zero gives zero',
  sdiv: 'signed divide: {0=}{1} ÷ {2}, rounded towards zero; by zero gives zero',
  clz: 'count leading zeroes: {0=}the number of zero bits above the highest one of {1}',
  cls: 'count leading sign bits: {0=}the number of bits below the highest of {1} that are like it',
  rbit: 'reverse bits: {0=}{1} with its bits in reverse order',
  rev: 'reverse bytes: {0=}{1} with its bytes in reverse order, from one endianness to the other',
  rev16: 'reverse bytes: {0=}{1} with the two bytes of every 16 bits exchanged',
  rev32: 'reverse bytes: {0=}{1} with the bytes of every 32 bits in reverse order',
  sxtb: 'sign-extend: {0=}the low byte of {1} with its sign',
  sxth: 'sign-extend: {0=}the low 16 bits of {1} with their sign',
  sxtw: 'sign-extend: {0=}{1} with its sign, made 64 bits wide',
  uxtb: 'zero-extend: {0=}the low byte of {1}',
  uxth: 'zero-extend: {0=}the low 16 bits of {1}',
  uxtw: 'zero-extend: {0=}the low 32 bits of {1}',
  csel: conditional(3, ([to, a, b], when) => `conditional select: ${to} becomes ${a} if ${when}; else ${b}`),
  csinc: conditional(
    3,
    ([to, a, b], when) => `conditional select: ${to} becomes ${a} if ${when}; else ${b === 'zero' ? '1' : `${b} + 1`}`,
  ),
  csinv: conditional(
    3,
    ([to, a, b], when) =>
      `conditional select: ${to} becomes ${a} if ${when}; else ${b === 'zero' ? 'all ones' : `${b} with every bit turned over`}`,
  ),
  csneg: conditional(3, ([to, a, b], when) => `conditional select: ${to} becomes ${a} if ${when}; else −${b}`),
  cset: conditional(1, ([to], when) => `conditional set: ${to} becomes 1 if ${when}; else 0`),
  csetm: conditional(1, ([to], when) => `conditional set mask: ${to} becomes all ones if ${when}; else 0`),
  cinc: conditional(2, ([to, a], when) => `conditional increment: ${to} becomes ${a} + 1 if ${when}; else ${a}`),
  cinv: conditional(
    2,
    ([to, a], when) => `conditional invert: ${to} becomes ${a} with every bit turned over if ${when}; else ${a}`,
  ),
  cneg: conditional(2, ([to, a], when) => `conditional negate: ${to} becomes −${a} if ${when}; else ${a}`),
  ccmp: conditional(
    3,
    ([a, b, flags], when) =>
      `conditional compare: if ${when}, compares ${a} with ${b}; else sets the flags to ${flags}`,
  ),
  ccmn: conditional(
    3,
    ([a, b, flags], when) =>
      `conditional compare negative: if ${when}, compares ${a} + ${b} with 0; else sets the flags to ${flags}`,
  ),
  ubfx: bitField('take bits', (from, first, count) => `becomes ${bitsFrom(first, count)} of ${from}`),
  sbfx: bitField(
    'take bits with sign',
    (from, first, count) => `becomes ${bitsFrom(first, count)} of ${from} with their sign`,
  ),
  ubfiz: bitField(
    'place bits',
    (from, at, count) => `becomes the ${low(count)} of ${from}, shifted left by ${plain(at)}, zeroes around them`,
  ),
  sbfiz: bitField(
    'place bits with sign',
    (from, at, count) => `becomes the ${low(count)} of ${from} with their sign, shifted left by ${plain(at)}`,
  ),
  bfi: bitField(
    'insert bits',
    (from, at, count) => `gets the ${low(count)} of ${from} as its ${bitsFrom(at, count)}; its other bits stay`,
  ),
  bfxil: bitField(
    'insert bits low',
    (from, first, count) => `gets ${bitsFrom(first, count)} of ${from} as its ${low(count)}; its other bits stay`,
  ),
  bfc: ({ operands: [to = '', first = '', count = ''] }) => `clear bits: clears ${bitsFrom(first, count)} of ${to}`,
  ubfm: 'move bit field: {0=}the bits of {1} that {2} and {3} name',
  sbfm: 'move bit field with sign: {0=}the bits of {1} that {2} and {3} name',
  bfm: 'move bit field: {0} gets the bits of {1} that {2} and {3} name; its other bits stay',
};

/** A constant that is not small, in both forms. */
function inHex(operand: string): string {
  const value = numberOf(operand);
  return Number.isNaN(value) || Math.abs(value) < 10_000 ? plain(operand) : `${operand.slice(1)} (${value})`;
}
