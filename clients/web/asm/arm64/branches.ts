/** Branches, calls, returns and traps, and the addresses that they reach. Source: DDI 0487, C6.2. */

import { direction } from '../distance.ts';
import { numberOf, type Parsed, plain } from '../parse.ts';
import type { Around, Family, Rules } from '../rule.ts';
import type { Range } from '../types.ts';
import { breakWords } from './break.ts';
import { conditionWords } from './conditions.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const BRANCH: Range = { min: -128 * MIB, max: 128 * MIB - 4 };
const CONDITIONAL: Range = { min: -MIB, max: MIB - 4 };
const TEST_BIT: Range = { min: -32 * KIB, max: 32 * KIB - 4 };
const ADR: Range = { min: -MIB, max: MIB - 1 };
/** From page to page. */
const ADRP: Range = { min: -4096 * MIB, max: 4096 * MIB - 4096 };

/** What an instruction at `address` with an address as its last operand can reach; undefined where it is none. */
export function rangeOf(mnemonic: string, address: number): Range | undefined {
  if (mnemonic === 'b' || mnemonic === 'bl') return BRANCH;
  if (/^(b\.\w+|bc\.\w+|cbn?z|ldr|ldrsw|prfm)$/.test(mnemonic)) return CONDITIONAL;
  if (/^tbn?z$/.test(mnemonic)) return TEST_BIT;
  if (mnemonic === 'adr') return ADR;
  if (mnemonic !== 'adrp') return undefined;
  const inPage = address & 0xfff;
  return { min: ADRP.min - inPage, max: ADRP.max - inPage };
}

const register = (name: string | undefined): string => (/^[wx]zr$/.test(name ?? '') ? 'zero' : (name ?? ''));

/** `kfree, 5.3 MiB back`. */
const target = ({ reach, name }: Around): string =>
  reach ? `${name(reach.target)}, ${direction(reach.distance)}` : 'a place that the text does not tell';

const goes = (title: string, when: string, around: Around, most: string): string =>
  `${title}: ${when} goes to ${target(around)}; it reaches at most ${most}`;

export const BRANCHES: Rules = {
  b: (_, around) => goes('branch', 'always', around, '128 MiB'),
  bl: (_, around) =>
    `branch with link: calls ${target(around)}, and keeps the return address in x30; it reaches at most 128 MiB`,
  br: ({ operands }) => `branch to register: goes on at the address in ${register(operands[0])}, however far that is`,
  blr: ({ operands }) =>
    `branch with link to register: calls the function whose address is in ${register(operands[0])}, however far, and keeps the return address in x30`,
  ret: ({ operands }) => `return: goes back to the caller, whose address is in ${operands[0] ?? 'x30'}`,
  eret: 'exception return: goes back to what was interrupted, with its former privilege',
  cbz: ({ operands }, around) => goes('compare and branch', `if ${register(operands[0])} is zero,`, around, '1 MiB'),
  cbnz: ({ operands }, around) =>
    goes('compare and branch', `if ${register(operands[0])} is not zero,`, around, '1 MiB'),
  tbz: (parsed, around) => goes('test bit and branch', `if ${bit(parsed)} is 0,`, around, '32 KiB'),
  tbnz: (parsed, around) => goes('test bit and branch', `if ${bit(parsed)} is 1,`, around, '32 KiB'),
  adr: ({ operands }, around) =>
    `address: puts ${target(around)}, into ${register(operands[0])}; it reaches at most 1 MiB`,
  // The start of a page is the start of nothing: no symbol is said.
  adrp: ({ operands: [to] }, { reach }) =>
    reach &&
    `address of page: puts the 4 KiB page ${reach.target}, ${direction(reach.distance)}, into ${register(to)}; one that follows says where in the page, and it reaches at most 4 GiB`,
  brk: ({ operands }) =>
    `breakpoint: traps into the kernel with ${operands[0]?.slice(1) ?? ''}, ${breakWords(value(operands[0]))}`,
  udf: 'permanently undefined: traps when it is executed; zeroes between functions read as this',
  svc: ({ operands }) => `supervisor call ${number(operands)}: a program asks the kernel for something`,
  hvc: ({ operands }) => `hypervisor call ${number(operands)}: the kernel asks the hypervisor for something`,
  smc: ({ operands }) => `secure monitor call ${number(operands)}: the kernel asks the firmware for something`,
  hlt: ({ operands }) => `halt ${number(operands)}: stops for an external debugger, or traps where there is none`,
};

const number = (operands: readonly string[]): string => plain(operands[0] ?? '#0');

const value = (operand: string | undefined): number => numberOf(operand ?? '');

const bit = ({ operands }: Parsed): string => `bit ${plain(operands[1] ?? '')} of ${register(operands[0])}`;

export const BRANCH_FAMILIES: readonly Family[] = [
  [
    /^bc?\.(\w+)$/,
    ([, code = ''], _, around) => goes('conditional branch', `if ${conditionWords(code)},`, around, '1 MiB'),
  ],
  [
    /^reta([ab])$/,
    ([, key = '']) =>
      `authenticated return: goes back to the caller if the signature in x30 is right, checked with key ${key.toUpperCase()}`,
  ],
];
