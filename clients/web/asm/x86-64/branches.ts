/** Branches, calls, returns and traps. Source: Intel SDM volume 2; what the kernel means: arch/x86/include/asm/bug.h, v6.12. */
import { direction } from '../distance.ts';
import { type Parsed, plain } from '../parse.ts';
import type { Around, Family, Rules } from '../rule.ts';
import { conditionOf } from './conditions.ts';
import { operandWord } from './operands.ts';

const POINTER = 8;

const indirect = ({ operands }: Parsed, around: Around): string => {
  const [where = ''] = operands;
  const word = operandWord(where, { size: POINTER, around });
  return where.startsWith('*%') && !where.includes(':')
    ? `the address in ${word}`
    : `the address that is stored in ${word}`;
};

/** The short forms have one byte for the distance. */
const most = ({ bytes }: Around): string => (/^(eb|7|e[0-3])/.test(bytes) ? '127 bytes' : '2 GiB');

const target = ({ reach, name }: Around): string =>
  reach ? `${name(reach.target)}, ${direction(reach.distance)}` : 'a place that the text does not tell';

const isIndirect = ({ operands }: Parsed): boolean => operands[0]?.startsWith('*') ?? false;

export const BRANCHES: Rules = {
  call: (parsed, around) =>
    isIndirect(parsed)
      ? `call: calls the function at ${indirect(parsed, around)}, and pushes the return address onto the stack`
      : `call: calls ${target(around)}, and pushes the return address onto the stack; it reaches at most 2 GiB`,
  jmp: (parsed, around) =>
    isIndirect(parsed)
      ? `jump: goes on at ${indirect(parsed, around)}`
      : `jump: always goes to ${target(around)}; it reaches at most ${most(around)}`,
  ret: ({ operands: [more] }) =>
    `return: pops the return address from the stack and goes there${more === undefined ? '' : `, then drops ${plain(more)} bytes more`}`,
  iret: 'interrupt return: goes back to what was interrupted, with its former privilege',
  int3: 'breakpoint: traps; it fills the room between functions, and stands in for a first byte while code is patched',
  int: 'software interrupt: traps into the kernel with number {0}',
  ud1: 'undefined instruction: traps when it is executed; after a jump it marks the end of a static-call trampoline',
  ud2: 'undefined instruction: traps into the kernel; BUG() and WARN() are compiled to this',
  ud0: 'undefined instruction: traps when it is executed',
};

const branchIf = (condition: string, around: Around): string =>
  `conditional jump: if ${condition}, goes to ${target(around)}; it reaches at most ${most(around)}`;

export const BRANCH_FAMILIES: readonly Family[] = [
  [/^j([er]?cxz)$/, ([, register = ''], _, around) => branchIf(`${register.slice(0, -1)} is zero`, around)],
  [
    /^j([a-z]{1,3})$/,
    ([, code = ''], _, around) => {
      const condition = conditionOf(code);
      return condition === undefined ? undefined : branchIf(condition, around);
    },
  ],
];
