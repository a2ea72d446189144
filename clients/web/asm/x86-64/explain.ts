/** The sentence of an x86-64 instruction, and the address that it names. */
import { fromHex } from '../../../../protocol/address.ts';
import { numberOf, type Parsed } from '../parse.ts';
import { type Around, fill, fromFamilies, type Rules } from '../rule.ts';
import { tokens } from '../tokens.ts';
import type { CodeLine, Range } from '../types.ts';
import { BRANCH_FAMILIES, BRANCHES } from './branches.ts';
import { BY_SHAPE, INTEGER, INTEGER_FAMILIES, implied, sizeBeside, wordsOf } from './integer.ts';
import { sizeOfSuffix } from './operands.ts';
import { SYSTEM, SYSTEM_OPERANDS, SYSTEM_RULES } from './system.ts';
import { isVector, vector } from './vectors.ts';

const RULES: Rules = { ...SYSTEM, ...SYSTEM_OPERANDS, ...BRANCHES, ...INTEGER, ...SYSTEM_RULES };
const FAMILIES = [...BRANCH_FAMILIES, ...INTEGER_FAMILIES];

/** undefined where no rule knows the instruction. */
export function sentence(parsed: Parsed, around: Around): string | undefined {
  const said = isVector(parsed)
    ? vector(parsed, around)
    : (plainSentence(parsed, around) ?? fromFamilies(FAMILIES, parsed, around));
  return said && `${said}${prefixWords(parsed)}`;
}

function plainSentence(parsed: Parsed, around: Around): string | undefined {
  const [name, size] = withoutSuffix(parsed.mnemonic);
  const words = wordsOf(parsed, around, size);
  const template = BY_SHAPE[name]?.[words.length as 0 | 1 | 2 | 3];
  const shape = template && implied(template, size ?? sizeBeside(parsed.operands));
  const rule = shape ?? (Object.hasOwn(RULES, name) ? RULES[name] : undefined);
  if (rule === undefined) return undefined;
  return typeof rule === 'string' ? fill(rule, words, parsed.operands, (word) => word) : rule(parsed, around);
}

const known = (name: string): boolean => Object.hasOwn(RULES, name) || Object.hasOwn(BY_SHAPE, name);

/** `movq` is `mov` of 8 bytes. */
function withoutSuffix(mnemonic: string): [name: string, size: number | undefined] {
  const size = sizeOfSuffix(mnemonic.at(-1) ?? '');
  const shorter = mnemonic.slice(0, -1);
  return known(mnemonic) || size === undefined || !known(shorter) ? [mnemonic, undefined] : [shorter, size];
}

function prefixWords({ prefixes, mnemonic }: Parsed): string {
  if (prefixes.includes('lock')) return '; in one step, as all CPUs see it (lock)';
  const fillers = prefixes.filter((prefix) => /^([c-g]s|data16|addr32|rex\.w|rep[ze]?|bnd)$/.test(prefix)).length;
  if (fillers === 0 || /^(stos|movs|lods|cmps|scas|nop)/.test(mnemonic)) return '';
  return fillers === 1 ? '; its prefix only fills a byte' : `; its ${fillers} prefixes only fill bytes`;
}

const REACH = 2 ** 31;
const SHORT = 2 ** 7;
/** A `jmp`, `jcc`, `loop` or `jrcxz` whose distance is one byte. */
const SHORT_FORM = /^(eb|7|e[0-3])/;

/** A branch's label, or the place in memory that is relative to the next instruction; undefined where there is neither. */
export function namedBy(
  { address, bytes, text }: CodeLine,
  { mnemonic, operands }: Parsed,
): { target: number; range: Range } | undefined {
  const size = bytes.length >> 1;
  const steps = SHORT_FORM.test(bytes) ? SHORT : REACH;
  const range = { min: size - steps, max: size + steps - 1 };
  if (/^(call|j)/.test(mnemonic)) {
    const label = tokens(text).find((token) => token.type === 'address');
    if (label?.type === 'address') return { target: fromHex(label.address), range };
  }
  const relative = operands
    .map((operand) => /^\*?(?:%\w+:)?(-?(?:0x[0-9a-f]+|\d+))?\(%rip\)$/.exec(operand))
    .find((match) => match !== null);
  if (!relative) return undefined;
  const displacement = relative[1] === undefined ? 0 : numberOf(relative[1]);
  return Number.isNaN(displacement) ? undefined : { target: fromHex(address) + size + displacement, range };
}
