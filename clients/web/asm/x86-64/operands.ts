/** Operands of x86-64 in AT&T's syntax, in words. Source: Intel SDM volume 1, 3.7 (operand addressing). */
import { numberOf, operandsOf, plain } from '../parse.ts';
import { type Around, sizeWords } from '../rule.ts';

/** What an operand means: `size` is how many bytes are moved, where that is known. */
export interface Sizing {
  readonly size: number | undefined;
  readonly around: Around;
}

const MEMORY = /^\*?(?:%([c-g]s):)?(-?(?:0x[0-9a-f]+|\d+))?(?:\((.*)\))?$/;

const SEGMENTS: Readonly<Record<string, string>> = { gs: ' in the per-CPU data (gs)', fs: ' in the thread data (fs)' };

export function operandWord(operand: string, sizing: Sizing): string {
  const bare = operand.replace(/^\*/, '');
  if (bare.startsWith('$')) return plain(bare);
  const address = addressWords(operand, sizing.around);
  if (address === undefined) return registerWord(bare);
  return sizing.size === undefined ? `memory at ${address}` : `the ${sizeWords(sizing.size)} at ${address}`;
}

const registerWord = (operand: string): string => {
  const name = operand.replace('%', '');
  return name === 'rsp' ? 'the stack pointer' : name;
};

export const isMemory = (operand: string): boolean =>
  !operand.startsWith('%') || operand.includes(':') ? MEMORY.test(operand) : false;

/** The address that a memory operand uses; undefined where it is none. */
export function addressWords(operand: string, { reach, name }: Around): string | undefined {
  const match = isMemory(operand) ? MEMORY.exec(operand) : null;
  if (!match) return undefined;
  const [, segment, displacement, inside] = match;
  const where = SEGMENTS[segment ?? ''] ?? '';
  if (inside?.includes('%rip') && reach) return `${name(reach.target)}${where}`;
  const [base = '', index = '', scale = '1'] = inside === undefined ? [] : operandsOf(inside);
  const parts: string[] = [];
  if (base !== '') parts.push(registerWord(base));
  if (index !== '') parts.push(`${registerWord(index)}${scale === '1' ? '' : ` × ${scale}`}`);
  if (displacement === undefined || (numberOf(displacement) === 0 && parts.length > 0))
    return `${parts.join(' + ') || '0'}${where}`;
  if (parts.length === 0) return `${plain(displacement)}${where}`;
  const minus = displacement.startsWith('-');
  return `${parts.join(' + ')} ${minus ? '−' : '+'} ${plain(minus ? displacement.slice(1) : displacement)}${where}`;
}

const SUFFIX: Readonly<Record<string, number>> = { b: 1, w: 2, l: 4, q: 8 };

export const sizeOfSuffix = (suffix: string): number | undefined => SUFFIX[suffix];

/** Bytes of a general register; undefined for any other operand. */
export function sizeOfRegister(operand: string): number | undefined {
  const name = operand.replace('%', '');
  if (/^(r(ax|bx|cx|dx|si|di|sp|bp|\d+))$/.test(name)) return 8;
  if (/^(e(ax|bx|cx|dx|si|di|sp|bp)|r\d+d)$/.test(name)) return 4;
  if (/^([abcd]x|si|di|sp|bp|r\d+w)$/.test(name)) return 2;
  return /^([abcd][lh]|(si|di|sp|bp)l|r\d+b)$/.test(name) ? 1 : undefined;
}
