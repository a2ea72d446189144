/** Operands of A64 in words. Source: DDI 0487, C1.2 (syntax), C1.3.3 (addressing modes). */
import { numberOf, operandsOf, plain } from '../parse.ts';
import { listed } from '../rule.ts';

const MODIFIER = /^(lsl|lsr|asr|ror|msl|[us]xt[bhwx])(?: (#\S+))?$/;
const EXTENDED: Readonly<Record<string, string>> = { b: 'low byte', h: 'low 16 bits', w: 'low 32 bits', x: '64 bits' };

/** Operands in words; a shift or an extension belongs to the one before it. */
export function operandWords(operands: readonly string[]): string[] {
  const words: string[] = [];
  operands.forEach((operand, at) => {
    const modifier = at > 0 ? MODIFIER.exec(operand) : null;
    const before = operands[at - 1] ?? '';
    if (modifier && words.length > 0) words.push(modified(words.pop() ?? '', before, modifier[1] ?? '', modifier[2]));
    else words.push(operandWord(operand));
  });
  return words;
}

function operandWord(operand: string): string {
  if (operand.startsWith('[')) return addressWords([operand]);
  if (operand.startsWith('{')) return listed(operandsOf(operand.slice(1, -1)));
  if (operand.startsWith('#')) return plain(operand);
  if (/^[wx]zr$/.test(operand)) return 'zero';
  if (/^w?sp$/.test(operand)) return 'the stack pointer';
  return operand;
}

/** The register that is written, at the start of what is written into it. */
export const written = (word: string): string => (word === 'zero' ? 'for its flags only: ' : `${word} becomes `);

function modified(word: string, operand: string, modifier: string, amount: string | undefined): string {
  const bits = amount === undefined ? 0 : numberOf(amount);
  if (operand.startsWith('#')) {
    const value = numberOf(operand) * 2 ** bits;
    return Number.isSafeInteger(value) && modifier === 'lsl'
      ? plain(`#0x${value.toString(16)}`)
      : `${word} ${modifier} ${bits}`;
  }
  if (modifier === 'lsl') return times(word, bits);
  if (modifier === 'lsr') return `${word} shifted right by ${bits}`;
  if (modifier === 'asr') return `${word} shifted right by ${bits} with its sign`;
  if (modifier === 'ror') return `${word} rotated right by ${bits}`;
  const part = EXTENDED[modifier.at(-1) ?? ''] ?? '';
  return times(`the ${part} of ${word}${modifier.startsWith('s') ? ' with their sign' : ''}`, bits);
}

const times = (word: string, bits: number): string => {
  if (bits === 0) return word;
  return bits <= 12 ? `${word} × ${2 ** bits}` : `${word} shifted left by ${bits}`;
};

/** The address that `[…]`, `[…]!` or `[…], #n` uses. */
export function addressWords(operands: readonly string[]): string {
  const bracket = operands[0] ?? '';
  const [base = '', ...offsets] = operandWords(operandsOf(bracket.replace(/^\[|\]!?$/g, '')));
  const [offset] = offsets;
  if (offset === undefined || offset === '0') return base;
  return offset.startsWith('-') ? `${base} − ${offset.slice(1)}` : `${base} + ${offset}`;
}

/** What becomes of the base register: `, then x0 grows by 16`; empty where it stays. */
export function writebackWords(operands: readonly string[]): string {
  const bracket = operands[0] ?? '';
  const inside = operandWords(operandsOf(bracket.replace(/^\[|\]!?$/g, '')));
  const [base = ''] = inside;
  const step = operands[1] ?? '';
  if (step !== '') return `, then ${base} ${grows(operandWord(step))}`;
  return bracket.endsWith('!') ? `; ${base} becomes that address` : '';
}

const grows = (step: string): string => (step.startsWith('-') ? `shrinks by ${step.slice(1)}` : `grows by ${step}`);

/** Where the memory operand begins among the operands; -1 where there is none. */
export const memoryAt = (operands: readonly string[]): number => operands.findIndex((one) => one.startsWith('['));
