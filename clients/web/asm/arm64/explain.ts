/** The sentence of an A64 instruction. */
import type { Parsed } from '../parse.ts';
import { type Around, fill, fromFamilies, type Rules } from '../rule.ts';
import { ARITHMETIC } from './arithmetic.ts';
import { BRANCH_FAMILIES, BRANCHES } from './branches.ts';
import { MEMORY_FAMILIES } from './memory.ts';
import { operandWords, written } from './operands.ts';
import { SYSTEM } from './system.ts';
import { isVector, VECTOR_FAMILIES, VECTORS } from './vectors.ts';

const RULES: Rules = { ...BRANCHES, ...ARITHMETIC, ...SYSTEM };
const FAMILIES = [...BRANCH_FAMILIES, ...MEMORY_FAMILIES, ...VECTOR_FAMILIES];

/** undefined where no rule knows the instruction. */
export function sentence(parsed: Parsed, around: Around): string | undefined {
  const rules = isVector(parsed.operands) ? VECTORS : RULES;
  const rule = Object.hasOwn(rules, parsed.mnemonic) ? rules[parsed.mnemonic] : undefined;
  if (rule === undefined) return fromFamilies(FAMILIES, parsed, around);
  return typeof rule === 'string'
    ? fill(rule, operandWords(parsed.operands), parsed.operands, written)
    : rule(parsed, around);
}
