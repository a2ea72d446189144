/** Moves, arithmetic and logic by mnemonics without their suffix of size. AT&T's order: the destination is last. Source: Intel SDM volume 2. */
import type { Parsed } from '../parse.ts';
import type { Around, Family, Rule, Rules } from '../rule.ts';
import { conditionOf } from './conditions.ts';
import { addressWords, isMemory, operandWord, sizeOfRegister, sizeOfSuffix } from './operands.ts';

const same = ({ operands: [a, b] }: Parsed): boolean => a !== undefined && a === b;

/** What an instruction with one, two or three operands says. */
type Shapes = Readonly<Partial<Record<0 | 1 | 2 | 3, string>>>;

export const BY_SHAPE: Readonly<Record<string, Shapes>> = {
  mov: { 2: 'move: puts {0} into {1}' },
  movabs: { 2: 'move: puts {0}, all 64 bits of it, into {1}' },
  movnti: { 2: 'store past the cache: puts {0} into {1}, which will not be needed again soon' },
  movbe: { 2: 'move, bytes reversed: puts {0} into {1} with its bytes in reverse order' },
  push: { 1: 'push: puts {0} onto the stack' },
  pop: { 1: 'pop: takes the top of the stack into {0}' },
  add: { 2: 'add: adds {0} to {1}' },
  adc: { 2: 'add with carry: adds {0} and the carry to {1}' },
  adcx: { 2: 'add with carry: adds {0} and the carry to {1}, and changes no other flag' },
  adox: { 2: 'add with overflow: adds {0} and the overflow flag to {1}, and changes no other flag' },
  sub: { 2: 'subtract: takes {0} from {1}' },
  inc: { 1: 'increment: adds 1 to {0}' },
  dec: { 1: 'decrement: takes 1 from {0}' },
  neg: { 1: 'negate: turns the sign of {0}' },
  not: { 1: 'not: turns over every bit of {0}' },
  and: { 2: 'and: keeps in {1} only the bits that {0x} has too' },
  andn: { 3: 'and not: puts the bits of {0} that {1} lacks into {2}' },
  or: { 2: 'or: sets in {1} the bits of {0x}' },
  cmp: { 2: 'compare: {1} with {0}, for a condition that follows' },
  imul: {
    1: 'signed multiply: {A} × {0}, twice as wide, into {W}',
    2: 'signed multiply: multiplies {1} by {0}',
    3: 'signed multiply: puts {0} × {1} into {2}',
  },
  mul: { 1: 'multiply: {A} × {0}, twice as wide, into {W}' },
  mulx: { 3: 'multiply: rdx × {0}, twice as wide, into {2} (upper half) and {1}; no flag changes' },
  div: { 1: 'divide: {W} by {0}; the quotient into {A}, the rest into {D}' },
  idiv: { 1: 'signed divide: {W} by {0}; the quotient into {A}, the rest into {D}' },
  shl: { 1: 'shift left: shifts {0} left by 1 bit', 2: 'shift left: shifts {1} left by {0} bits' },
  shr: {
    1: 'shift right: shifts {0} right by 1 bit, zeroes coming in',
    2: 'shift right: shifts {1} right by {0} bits, zeroes coming in',
  },
  sar: {
    1: 'shift right with sign: shifts {0} right by 1 bit, its sign coming in',
    2: 'shift right with sign: shifts {1} right by {0} bits, its sign coming in',
  },
  shlx: { 3: 'shift left: puts {1}, shifted left by {0} bits, into {2}; no flag changes' },
  shrx: { 3: 'shift right: puts {1}, shifted right by {0} bits, into {2}; no flag changes' },
  sarx: { 3: 'shift right with sign: puts {1}, shifted right by {0} bits with its sign, into {2}; no flag changes' },
  rorx: { 3: 'rotate right: puts {1}, its bits rotated right by {0}, into {2}; no flag changes' },
  shld: {
    3: 'shift left, double: shifts {2} left by {0} bits, bits of {1} coming in',
    2: 'shift left, double: shifts {1} left by cl bits, bits of {0} coming in',
  },
  shrd: {
    3: 'shift right, double: shifts {2} right by {0} bits, bits of {1} coming in',
    2: 'shift right, double: shifts {1} right by cl bits, bits of {0} coming in',
  },
  rol: { 1: 'rotate left: rotates {0} left by 1 bit', 2: 'rotate left: rotates the bits of {1} left by {0}' },
  ror: { 1: 'rotate right: rotates {0} right by 1 bit', 2: 'rotate right: rotates the bits of {1} right by {0}' },
  rcl: {
    1: 'rotate left through carry: {0} by 1 bit',
    2: 'rotate left through carry: rotates {1} and the carry left by {0}',
  },
  rcr: {
    1: 'rotate right through carry: {0} by 1 bit',
    2: 'rotate right through carry: rotates {1} and the carry right by {0}',
  },
  bsf: { 2: 'bit scan forward: puts the number of the lowest set bit of {0} into {1}' },
  bsr: { 2: 'bit scan reverse: puts the number of the highest set bit of {0} into {1}' },
  tzcnt: { 2: 'count trailing zeroes: puts the number of zero bits below the lowest set bit of {0} into {1}' },
  lzcnt: { 2: 'count leading zeroes: puts the number of zero bits above the highest set bit of {0} into {1}' },
  popcnt: { 2: 'population count: puts the number of set bits of {0} into {1}' },
  crc32: { 2: 'checksum: takes {0} into the CRC-32C in {1}' },
  bswap: { 1: 'byte swap: reverses the bytes of {0}, from one endianness to the other' },
  xchg: { 2: 'exchange: {0} and {1} change places' },
  xadd: { 2: 'exchange and add: adds {0} to {1}, and {0} becomes what was there' },
  cmpxchg: { 2: 'compare and exchange: if {1} equals {A}, puts {0} there; else loads it into {A}' },
  cmpxchg8b: {
    1: 'compare and exchange: if {0} equals edx and eax, puts ecx and ebx there; else loads it into edx and eax',
  },
  cmpxchg16b: {
    1: 'compare and exchange: if {0} equals rdx and rax, puts rcx and rbx there; else loads it into rdx and rax',
  },
  leave: { 0: 'leave: drops the stack frame: the stack pointer becomes rbp, which is popped' },
  in: {
    0: 'input: reads a device port',
    1: 'input: reads port {0} into al, ax or eax',
    2: 'input: reads port {0} into {1}',
  },
  out: {
    0: 'output: writes to a device port',
    1: 'output: writes al, ax or eax to port {0}',
    2: 'output: writes {0} to port {1}',
  },
};

/** A bit whose number is in a register may lie beyond the operand: memory is a string of bits then. */
const bitTest =
  (title: string, and: string): Rule =>
  (parsed, around) => {
    const [number = '', place = ''] = parsed.operands;
    const far = number.startsWith('%') && isMemory(place);
    const [bit, of] = wordsOf(parsed, around, undefined);
    if (of === undefined) return undefined;
    const where = far ? `the bits from ${addressWords(place, around)} on` : of;
    return `${title}: puts bit ${bit} of ${where} into the carry${and}`;
  };

/** The registers that an instruction of this size uses without naming them: low half, high half, both. */
const IMPLIED: Readonly<Record<number, readonly [low: string, high: string, both: string]>> = {
  1: ['al', 'ah', 'ax'],
  2: ['ax', 'dx', 'dx and ax'],
  4: ['eax', 'edx', 'edx and eax'],
  8: ['rax', 'rdx', 'rdx and rax'],
};

/** `{A}`, `{D}` and `{W}` in a template are these registers. */
export function implied(template: string, size: number | undefined): string {
  const [low, high, both] = IMPLIED[size ?? 8] ?? [];
  return template
    .replaceAll('{A}', low ?? '')
    .replaceAll('{D}', high ?? '')
    .replaceAll('{W}', both ?? '');
}

export const INTEGER: Rules = {
  bt: bitTest('bit test', ''),
  bts: bitTest('bit test and set', ' and sets it'),
  btr: bitTest('bit test and reset', ' and clears it'),
  btc: bitTest('bit test and complement', ' and turns it over'),
  xor: (parsed, around) => {
    const [from = '', to = ''] = wordsOf(parsed, around, undefined);
    return same(parsed)
      ? `exclusive or with itself: clears ${to}`
      : `exclusive or: turns over in ${to} the bits of ${from}`;
  },
  sbb: (parsed, around) => {
    const [from = '', to = ''] = wordsOf(parsed, around, undefined);
    return same(parsed)
      ? `subtract with borrow from itself: ${to} becomes −1 if the carry is set, else 0`
      : `subtract with borrow: takes ${from} and the carry from ${to}`;
  },
  test: (parsed, around) => {
    const [a = '', b = ''] = wordsOf(parsed, around, undefined);
    return same(parsed)
      ? `test: looks whether ${a} is zero, positive or negative, for a condition that follows`
      : `test: sets the flags by the bits that ${a} and ${b} share, for a condition that follows`;
  },
  lea: ({ operands: [from = '', to = ''] }, around) =>
    `load effective address: computes ${addressWords(from, around) ?? from} and puts it into ${operandWord(to, { size: undefined, around })}, without reading memory`,
};

/** Bytes of the last operand that is a register. */
export const sizeBeside = (operands: readonly string[]): number | undefined =>
  operands.map(sizeOfRegister).findLast((one) => one !== undefined);

/** Operands in words; `size` of memory, else that of a register beside it. */
export function wordsOf({ operands }: Parsed, around: Around, size: number | undefined): string[] {
  const beside = size ?? sizeBeside(operands);
  return operands.map((operand) => operandWord(operand, { size: beside, around }));
}

const EXTENSIONS: Readonly<Record<string, string>> = {
  z: 'fills the rest with zeroes',
  s: 'fills the rest with its sign',
};

function extend(match: RegExpExecArray, { operands: [from = '', to = ''] }: Parsed, around: Around): string {
  const [, sign = '', source = '', target = ''] = match;
  const word = operandWord(from, { size: sizeOfSuffix(source), around });
  const size = sizeOfSuffix(target) ?? 8;
  return `move and extend: puts ${word} into ${operandWord(to, { size, around })} and ${EXTENSIONS[sign]}`;
}

function conditionalMove(match: RegExpExecArray, parsed: Parsed, around: Around): string | undefined {
  const condition = conditionOf(match[1] ?? '');
  const [from, to] = wordsOf(parsed, around, undefined);
  return to && condition && `conditional move: puts ${from} into ${to} if ${condition}`;
}

function setByte(match: RegExpExecArray, { operands: [to = ''] }: Parsed, around: Around): string | undefined {
  const condition = conditionOf(match[1] ?? '');
  return condition && `set byte: ${operandWord(to, { size: 1, around })} becomes 1 if ${condition}; else 0`;
}

/** What a string instruction does once, with its size; `rep` does it rcx times. */
const STRINGS: Readonly<Record<string, (size: string) => string>> = {
  stos: (size) => `fills ${size} at rdi from ${size === '1 byte' ? 'al' : 'rax'}`,
  movs: (size) => `copies ${size} from rsi to rdi`,
  lods: (size) => `reads ${size} at rsi into ${size === '1 byte' ? 'al' : 'rax'}`,
  cmps: (size) => `compares ${size} at rsi with those at rdi`,
  scas: (size) => `compares ${size} at rdi with ${size === '1 byte' ? 'al' : 'rax'}`,
};
const WIDTHS: Readonly<Record<string, string>> = {
  b: '1 byte',
  w: '2 bytes',
  l: '4 bytes',
  d: '4 bytes',
  q: '8 bytes',
};

function string(match: RegExpExecArray, { prefixes, operands }: Parsed): string | undefined {
  const [, name = '', suffix = ''] = match;
  // Without memory operands `movsd` and the like are vector instructions.
  if (operands.some((operand) => operand.includes('mm'))) return undefined;
  const register = operands.map(sizeOfRegister).find((size) => size !== undefined);
  const once = STRINGS[name]?.(WIDTHS[suffix] ?? (register === undefined ? 'one element' : `${register} bytes`));
  const repeat = prefixes.find((prefix) => prefix.startsWith('rep'));
  const times =
    repeat &&
    (/^repn/.test(repeat)
      ? ', until they are equal, at most rcx times'
      : /cmps|scas/.test(name)
        ? ', while they are equal, at most rcx times'
        : ', rcx times');
  return `string instruction: ${once} and moves on${times ?? ''}`;
}

export const INTEGER_FAMILIES: readonly Family[] = [
  [/^(stos|movs|lods|cmps|scas)([bwldq]?)$/, string],
  [/^mov([zs])([bwl])([wlq])$/, extend],
  [
    /^mov([zs])([bwl]?)x?d?$/,
    (match, parsed, around) =>
      parsed.operands.length === 2 && !isVectorOperand(parsed) ? extendBySource(match, parsed, around) : undefined,
  ],
  [/^cmov([a-z]{1,3}?)([wlq]?)$/, (match, parsed, around) => conditionalMove(match, parsed, around)],
  [/^set([a-z]{1,3})$/, setByte],
];

const isVectorOperand = ({ operands }: Parsed): boolean => operands.some((operand) => operand.includes('mm'));

function extendBySource(
  [, sign = '', suffix = '']: RegExpExecArray,
  { operands: [from = '', to = ''] }: Parsed,
  around: Around,
): string {
  const size = sizeOfSuffix(suffix) ?? (isMemory(from) ? undefined : sizeOfRegister(from));
  return `move and extend: puts ${operandWord(from, { size, around })} into ${operandWord(to, { size: undefined, around })} and ${EXTENSIONS[sign]}`;
}
