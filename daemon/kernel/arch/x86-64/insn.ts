/**
 * The x86-64 instructions that the loader and static calls write or patch: one table for encoding, decoding and text.
 * Source: Intel SDM volume 2 (CALL, JMP, Jcc, RET, INT3, NOP, XOR, UD); arch/x86/include/asm/text-patching.h, v6.1.
 *
 * Addresses are signed numbers (exact below 2^53). Text is AT&T syntax, as the kernel's and objdump's.
 */
import { toHex } from '../../../../protocol/address.ts';

export interface Insn {
  readonly name: string;
  /** The fixed bytes; a condition is added to the last of them. */
  readonly opcode: readonly number[];
  /** True where the low four bits of the last opcode byte are a condition. */
  readonly cond: boolean;
  /** True where four bytes follow: the target's distance from the next instruction. */
  readonly rel32: boolean;
  /** Bytes in all. */
  readonly length: number;
  readonly template: string;
}

/** `target` of a branch, `cond` 0-15 of a conditional one. */
export type Operands = Readonly<{ target?: number; cond?: number }>;

/** `opcode` in hex; then `rel32` where a branch's distance follows. A last digit `?` is a condition. */
const insn = (name: string, pattern: string, template: string): Insn => {
  const parts = pattern.split(' ');
  const rel32 = parts.at(-1) === 'rel32';
  const fixed = rel32 ? parts.slice(0, -1) : parts;
  return {
    name,
    opcode: fixed.map((byte) => Number.parseInt(byte.replace('?', '0'), 16)),
    cond: pattern.includes('?'),
    rel32,
    length: fixed.length + (rel32 ? 4 : 0),
    template,
  };
};

export const INSN = {
  call: insn('call', 'e8 rel32', 'call {target}'),
  jmp: insn('jmp', 'e9 rel32', 'jmp {target}'),
  jcc: insn('jcc', '0f 8? rel32', 'j{cond} {target}'),
  ret: insn('ret', 'c3', 'ret'),
  int3: insn('int3', 'cc', 'int3'),
  nop5: insn('nop5', '0f 1f 44 00 00', 'nopl 0x0(%rax,%rax,1)'),
  /** One instruction of five bytes that clears eax: what calls __static_call_return0. */
  xor5: insn('xor5', '2e 2e 2e 31 c0', 'cs cs cs xor %eax,%eax'),
  /** Ends every trampoline, and marks it as one. */
  ud1: insn('ud1', '0f b9 cc', 'ud1 %esp,%ecx'),
  ud2: insn('ud2', '0f 0b', 'ud2'),
} as const;

/** Bytes from the next instruction to the target, both inclusive. */
export const REACH = { min: -(2 ** 31), max: 2 ** 31 - 1 } as const;

/** True when a branch of `length` bytes at `from` can go to `to`. */
export const reaches = (from: number, length: number, to: number): boolean => {
  const distance = to - (from + length);
  return distance >= REACH.min && distance <= REACH.max;
};

/** The bytes of an instruction at `pc`; undefined when an operand is missing, no integer, or out of reach. */
export const encode = (what: Insn, operands: Operands = {}, pc = 0): Uint8Array | undefined => {
  const bytes = new Uint8Array(what.length);
  bytes.set(what.opcode);
  if (what.cond) {
    const { cond = Number.NaN } = operands;
    if (!Number.isInteger(cond) || cond < 0 || cond > 15) return undefined;
    const last = what.opcode.length - 1;
    bytes[last] = (bytes[last] ?? 0) | cond;
  }
  if (what.rel32) {
    const { target = Number.NaN } = operands;
    if (!Number.isInteger(target) || !reaches(pc, what.length, target)) return undefined;
    new DataView(bytes.buffer).setInt32(what.opcode.length, target - (pc + what.length), true);
  }
  return bytes;
};

/**
 * The bytes of a branch at `pc` as the kernel makes them (`text_gen_insn`): the distance is cut to 32 bits and nobody checks
 * it, so a target out of reach gives a branch to somewhere else.
 */
export const branch = (what: Insn, pc: number, target: number, cond = 0): Uint8Array => {
  const bytes = new Uint8Array(what.length);
  bytes.set(what.opcode);
  const end = what.opcode.length;
  if (what.cond) bytes[end - 1] = (bytes[end - 1] ?? 0) | cond;
  new DataView(bytes.buffer).setInt32(end, target - (pc + what.length), true);
  return bytes;
};

/** True when `bytes` at `at` begin with this instruction, whatever its operands; false when they end before it does. */
export const is = (what: Insn, bytes: Uint8Array, at = 0): boolean => {
  const { opcode } = what;
  if (at + what.length > bytes.length) return false;
  for (let i = 0; i < opcode.length; i++) {
    const mask = what.cond && i === opcode.length - 1 ? 0xf0 : 0xff;
    if (((bytes[at + i] ?? 0) & mask) !== opcode[i]) return false;
  }
  return true;
};

export interface Decoded {
  readonly insn: Insn;
  readonly operands: Operands;
}

const byFirstByte: readonly (readonly Insn[])[] = Array.from({ length: 256 }, (_, first) =>
  Object.values<Insn>(INSN).filter(({ opcode }) => opcode[0] === first),
);

const readRel32 = (bytes: Uint8Array, at: number): number =>
  (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);

/** Which instruction of the table `bytes` at `at` begin with, `pc` being its address; undefined for any other. */
export const decode = (bytes: Uint8Array, pc = 0, at = 0): Decoded | undefined => {
  const found = byFirstByte[bytes[at] ?? 0]?.find((what) => is(what, bytes, at));
  if (!found) return undefined;
  const end = at + found.opcode.length;
  const target = pc + found.length + readRel32(bytes, end);
  const cond = (bytes[end - 1] ?? 0) & 0xf;
  return { insn: found, operands: found.rel32 ? (found.cond ? { cond, target } : { target }) : {} };
};

const CONDITIONS = 'o no b ae e ne be a s ns p np l ge le g'.split(' ');

const show = ({ insn, operands: { cond, target } }: Decoded): string => {
  if (target === undefined) return insn.template;
  const line = insn.template.replace('{target}', toHex(target));
  return cond === undefined ? line : line.replace('{cond}', CONDITIONS[cond] ?? '');
};

const byteText = (byte: number): string => `.byte 0x${byte.toString(16).padStart(2, '0')}`;

/** Assembler text of the instruction at the start of `bytes`; `.byte 0x…` of the first byte for what the table doesn't hold. */
export const text = (bytes: Uint8Array, pc = 0): string => {
  const found = decode(bytes, pc);
  return found ? show(found) : byteText(bytes[0] ?? 0);
};

/**
 * Assembler text of `code`, hex digits of bytes from `address` on, joined by `; `: up to the first instruction that the table
 * doesn't hold, and without the int3 that fill a place up.
 */
export const textOf = (address: number, code: string): string => {
  const bytes = new Uint8Array(code.length >> 1);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(code.slice(i * 2, i * 2 + 2), 16);
  const first = decode(bytes, address);
  if (!first) return byteText(bytes[0] ?? 0);
  let line = show(first);
  let at = first.insn.length;
  while (at < bytes.length) {
    const found = decode(bytes, address + at, at);
    if (!found) break;
    if (found.insn !== INSN.int3) line += `; ${show(found)}`;
    at += found.insn.length;
  }
  return line;
};
