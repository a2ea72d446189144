/** How sentences are made: a template with operands in it, or a function where a template can't say it. */
import type { Hex } from '../../../protocol/address.ts';
import type { Parsed } from './parse.ts';
import type { Reach } from './types.ts';

/** What a sentence may tell besides the text. */
export interface Around {
  readonly bytes: string;
  /** The address that the instruction names; undefined where it names none. */
  readonly reach: Reach | undefined;
  /** The symbol of an address, else the address. */
  readonly name: (address: Hex) => string;
}

/** undefined: it has no sentence for these operands. */
export type Rule = (parsed: Parsed, around: Around) => string | undefined;

export type Rules = Readonly<Record<string, string | Rule>>;

/**
 * Puts operands into a template: `{1}` the second one in words; `{1x}` the same, a constant as it is written, for what is about
 * bits; `{0=}` the first one as what becomes something else. A template that asks for an operand that is not there gives
 * undefined.
 */
export function fill(
  template: string,
  words: readonly string[],
  operands: readonly string[],
  becomes: (word: string) => string,
): string | undefined {
  let missing = false;
  const sentence = template.replace(/\{(\d)([=x]?)\}/g, (_, index: string, sign: string) => {
    const word = words[Number(index)];
    if (word === undefined) missing = true;
    if (sign === '=') return becomes(word ?? '');
    const constant = sign === 'x' ? /^[#$](0x.*)/.exec(operands[Number(index)] ?? '')?.[1] : undefined;
    return constant ?? word ?? '';
  });
  return missing ? undefined : sentence;
}

/** A family's mnemonics have parts in common, as `ldaddal` has. The first pattern that fits is it. */
export type Family = readonly [
  pattern: RegExp,
  rule: (match: RegExpExecArray, ...rest: Parameters<Rule>) => string | undefined,
];

export function fromFamilies(families: readonly Family[], parsed: Parsed, around: Around): string | undefined {
  for (const [pattern, rule] of families) {
    const match = pattern.exec(parsed.mnemonic);
    if (match) return rule(match, parsed, around);
  }
  return undefined;
}

export const sizeWords = (size: number): string => (size === 1 ? '1 byte' : `${size} bytes`);

export const listed = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
