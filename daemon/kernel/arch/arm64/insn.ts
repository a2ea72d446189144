/**
 * The A64 instructions that the loader and static calls write or patch: one table for encoding, decoding and text.
 * Source: Arm Architecture Reference Manual (DDI 0487), C6.2; arch/arm64/lib/insn.c, v6.1.
 *
 * Addresses are signed numbers (exact below 2^53). A word is an unsigned 32-bit number.
 */

type Kind =
  | 'x' // 64-bit register, 31 is xzr
  | 'xsp' // 64-bit register, 31 is sp
  | 'wx' // 64-bit register when bit 31 of the word is set, else 32-bit; 31 is zr
  | 'link' // 64-bit register, left out of the text where it is x30
  | 'imm' // unsigned, times scale
  | 'label' // address, pc-relative, times scale
  | 'page' // address of a 4 KB page, relative to the page of pc
  | 'cond'
  | 'shift' // 0, 16, 32 or 48 as a count of 16
  | 'lsl12' // 0 or 12
  | 'bti';

export interface Field {
  readonly name: string;
  readonly kind: Kind;
  /** Letters of the bit pattern that hold the value, high bits first. */
  readonly letters: string;
  /** Value of one step, in bytes for addresses and offsets. */
  readonly scale: number;
}

/** A field's bits in runs of `width` bits at `shift`, high run first. */
interface Run {
  readonly shift: number;
  readonly width: number;
}

interface PlacedField extends Field {
  readonly runs: readonly Run[];
  readonly width: number;
}

export interface Insn {
  readonly name: string;
  readonly mask: number;
  readonly bits: number;
  readonly template: string;
  readonly fields: readonly PlacedField[];
}

export type Operands = Readonly<Record<string, number>>;

const field = (name: string, kind: Kind, letters: string, scale = 1): Field => ({ name, kind, letters, scale });
const rd = field('rd', 'x', 'd');
const rn = field('rn', 'x', 'n');
const rt = field('rt', 'x', 't');
const rwx = field('rt', 'wx', 't');
const sf = field('sf', 'imm', 's');
const target = field('target', 'label', 'i', 4);
const imm = field('imm', 'imm', 'i');
const bit = field('bit', 'imm', 'b');
const hw = field('shift', 'shift', 'h', 16);

/** Runs of a letter in a pattern of 32 characters, most significant first. */
const runsOf = (pattern: string, letter: string): Run[] => {
  const runs: Run[] = [];
  for (let at = 0; at < 32; at++) {
    if (pattern[at] !== letter) continue;
    const start = at;
    while (pattern[at + 1] === letter) at++;
    runs.push({ shift: 31 - at, width: at - start + 1 });
  }
  return runs;
};

const insn = (name: string, spaced: string, template: string, ...fields: readonly Field[]): Insn => {
  const pattern = spaced.replaceAll(' ', '');
  if (pattern.length !== 32) throw new Error(`bit pattern of ${name} has ${pattern.length} bits`);
  let mask = 0;
  let bits = 0;
  for (const c of pattern) {
    mask = mask * 2 + (c === '0' || c === '1' ? 1 : 0);
    bits = bits * 2 + (c === '1' ? 1 : 0);
  }
  const placed = fields.map((f) => {
    const runs = [...f.letters].flatMap((letter) => runsOf(pattern, letter));
    return { ...f, runs, width: runs.reduce((sum, run) => sum + run.width, 0) };
  });
  return { name, mask, bits, template, fields: placed };
};

export const INSN = {
  b: insn('b', '000101 iiiiiiiiiiiiiiiiiiiiiiiiii', 'b {target}', target),
  bl: insn('bl', '100101 iiiiiiiiiiiiiiiiiiiiiiiiii', 'bl {target}', target),
  bcond: insn('b.cond', '01010100 iiiiiiiiiiiiiiiiiii 0 cccc', 'b.{cond} {target}', field('cond', 'cond', 'c'), target),
  cbz: insn('cbz', 's0110100 iiiiiiiiiiiiiiiiiii ttttt', 'cbz {rt}, {target}', sf, rwx, target),
  cbnz: insn('cbnz', 's0110101 iiiiiiiiiiiiiiiiiii ttttt', 'cbnz {rt}, {target}', sf, rwx, target),
  tbz: insn('tbz', 'b0110110 bbbbb iiiiiiiiiiiiii ttttt', 'tbz {rt}, #{bit}, {target}', rwx, bit, target),
  tbnz: insn('tbnz', 'b0110111 bbbbb iiiiiiiiiiiiii ttttt', 'tbnz {rt}, #{bit}, {target}', rwx, bit, target),
  adr: insn('adr', '0ll10000 hhhhhhhhhhhhhhhhhhh ddddd', 'adr {rd}, {target}', rd, field('target', 'label', 'hl', 1)),
  adrp: insn(
    'adrp',
    '1ll10000 hhhhhhhhhhhhhhhhhhh ddddd',
    'adrp {rd}, {target}',
    rd,
    field('target', 'page', 'hl', 4096),
  ),
  add: insn(
    'add',
    '100100010 s iiiiiiiiiiii nnnnn ddddd',
    'add {rd}, {rn}, #{imm}{shift}',
    field('rd', 'xsp', 'd'),
    field('rn', 'xsp', 'n'),
    imm,
    field('shift', 'lsl12', 's', 12),
  ),
  mov: insn('mov', '10101010000 mmmmm 00000011111 ddddd', 'mov {rd}, {rm}', rd, field('rm', 'x', 'm')),
  movn: insn('movn', '100100101 hh iiiiiiiiiiiiiiii ddddd', 'movn {rd}, #{imm}{shift}', rd, imm, hw),
  movz: insn('movz', '110100101 hh iiiiiiiiiiiiiiii ddddd', 'movz {rd}, #{imm}{shift}', rd, imm, hw),
  movk: insn('movk', '111100101 hh iiiiiiiiiiiiiiii ddddd', 'movk {rd}, #{imm}{shift}', rd, imm, hw),
  ldr: insn(
    'ldr',
    '1111100101 iiiiiiiiiiii nnnnn ttttt',
    'ldr {rt}, [{rn}, #{imm}]',
    rt,
    field('rn', 'xsp', 'n'),
    field('imm', 'imm', 'i', 8),
  ),
  ldrLiteral: insn('ldr', '01011000 iiiiiiiiiiiiiiiiiii ttttt', 'ldr {rt}, {target}', rt, target),
  br: insn('br', '1101011000011111000000 nnnnn 00000', 'br {rn}', rn),
  blr: insn('blr', '1101011000111111000000 nnnnn 00000', 'blr {rn}', rn),
  ret: insn('ret', '1101011001011111000000 nnnnn 00000', 'ret{rn}', field('rn', 'link', 'n')),
  nop: insn('nop', '11010101000000110010000000011111', 'nop'),
  bti: insn('bti', '110101010000001100100100 tt 011111', 'bti{targets}', field('targets', 'bti', 't')),
  brk: insn('brk', '11010100001 iiiiiiiiiiiiiiii 00000', 'brk #{imm}', imm),
} as const;

export const NOP = 0xd503201f;
export const RET = 0xd65f03c0;
/** `brk #0x100`: what the kernel's encoders give for what can't be encoded (AARCH64_BREAK_FAULT). */
export const BREAK_FAULT = 0xd4202000;

const MB = 1024 * 1024;
/** Bytes from the instruction to its target, both inclusive. */
export const REACH = {
  branch: { min: -128 * MB, max: 128 * MB - 4 },
  conditional: { min: -MB, max: MB - 4 },
  testBit: { min: -32 * 1024, max: 32 * 1024 - 4 },
  adr: { min: -MB, max: MB - 1 },
  /** From page to page. */
  adrp: { min: -4096 * MB, max: 4096 * MB - 4096 },
} as const;

/** True when a `b` or `bl` at `from` can go to `to`. */
export const branchReaches = (from: number, to: number): boolean =>
  to - from >= REACH.branch.min && to - from <= REACH.branch.max;

const pageOf = (address: number): number => address - (address & 0xfff);

/** What a field holds as a number of steps, or NaN where there is none. */
const toSteps = (f: PlacedField, value: number, pc: number): number => {
  if (f.kind === 'label') return (value - pc) / f.scale;
  if (f.kind === 'page') return (pageOf(value) - pageOf(pc)) / f.scale;
  return value / f.scale;
};

const isSigned = (f: PlacedField): boolean => f.kind === 'label' || f.kind === 'page';

const scatter = (f: PlacedField, steps: number): number => {
  let left = f.width;
  let word = 0;
  for (const run of f.runs) {
    left -= run.width;
    word |= ((steps >> left) & ((1 << run.width) - 1)) << run.shift;
  }
  return word;
};

const gather = (f: PlacedField, word: number): number => {
  let raw = 0;
  for (const run of f.runs) raw = (raw << run.width) | ((word >>> run.shift) & ((1 << run.width) - 1));
  return isSigned(f) && raw >= 2 ** (f.width - 1) ? raw - 2 ** f.width : raw;
};

/** The word for an instruction at `pc`; undefined when an operand is missing, out of reach, or not a multiple of its scale. */
export const encode = (what: Insn, operands: Operands, pc = 0): number | undefined => {
  let word = what.bits;
  for (const f of what.fields) {
    const steps = toSteps(f, operands[f.name] ?? Number.NaN, pc);
    const min = isSigned(f) ? -(2 ** (f.width - 1)) : 0;
    if (!Number.isInteger(steps) || steps < min || steps >= min + 2 ** f.width) return undefined;
    word |= scatter(f, steps);
  }
  return word >>> 0;
};

/**
 * A word with the low 21 bits of `steps` as the target of its ADR or ADRP, as a signed number. The loader does this
 * millions of times, so nothing is looked up and nothing checked.
 */
export const withAdrImm = (word: number, steps: number): number =>
  (word & ADR_KEEP) | ((steps & 3) << 29) | ((steps & 0x1ffffc) << 3);

/** Where a field's bits are. Throws for a name that the instruction doesn't have. */
export const fieldOf = (what: Insn, name: string): PlacedField => {
  const found = what.fields.find((f) => f.name === name);
  if (!found) throw new Error(`${what.name} has no field ${name}`);
  return found;
};

/** The bits that a field occupies, as an unsigned mask. */
export const fieldMask = (what: Insn, name: string): number => scatter(fieldOf(what, name), -1) >>> 0;

const ADR_KEEP = ~fieldMask(INSN.adr, 'target');

export interface Decoded {
  readonly insn: Insn;
  readonly operands: Operands;
}

const byTopByte: readonly (readonly Insn[])[] = Array.from({ length: 256 }, (_, top) =>
  Object.values<Insn>(INSN).filter((i) => (((top << 24) ^ i.bits) & i.mask & 0xff000000) === 0),
);

/** True when the word is this instruction, whatever its operands. */
export const is = (what: Insn, word: number): boolean => ((word ^ what.bits) & what.mask) === 0;

/** Which instruction of the table a word at `pc` is, with its operands; undefined for any other. */
export const decode = (word: number, pc = 0): Decoded | undefined => {
  const found = byTopByte[word >>> 24]?.find((i) => is(i, word));
  if (!found) return undefined;
  const operands: Record<string, number> = {};
  for (const f of found.fields) {
    const value = gather(f, word) * f.scale;
    operands[f.name] = f.kind === 'label' ? pc + value : f.kind === 'page' ? pageOf(pc) + value : value;
  }
  return { insn: found, operands };
};

const CONDITIONS = 'eq ne cs cc mi pl vs vc hi ls ge lt gt le al nv'.split(' ');
const BTI_TARGETS = ['', ' c', ' j', ' jc'];

/** A signed address as the kernel prints it: 0x and the 64-bit two's complement. */
export const hex = (address: number): string =>
  `0x${(address < 0 ? BigInt.asUintN(64, BigInt(address)) : address).toString(16)}`;

const show = (f: PlacedField, value: number, word: number): string => {
  switch (f.kind) {
    case 'x':
      return value === 31 ? 'xzr' : `x${value}`;
    case 'xsp':
      return value === 31 ? 'sp' : `x${value}`;
    case 'wx':
      return `${word >>> 31 === 1 ? 'x' : 'w'}${value === 31 ? 'zr' : value}`;
    case 'link':
      return value === 30 ? '' : value === 31 ? ' xzr' : ` x${value}`;
    case 'cond':
      return CONDITIONS[value] ?? '';
    case 'bti':
      return BTI_TARGETS[value] ?? '';
    case 'shift':
    case 'lsl12':
      return value === 0 ? '' : `, lsl #${value}`;
    default:
      return hex(value);
  }
};

/** Assembler text of a word at `pc`; `.inst 0x…` for what the table doesn't hold. */
export const text = (word: number, pc = 0): string => {
  const found = decode(word, pc);
  if (!found) return `.inst 0x${(word >>> 0).toString(16).padStart(8, '0')}`;
  let line = found.insn.template;
  for (const f of found.insn.fields) line = line.replace(`{${f.name}}`, show(f, found.operands[f.name] ?? 0, word));
  return line;
};
