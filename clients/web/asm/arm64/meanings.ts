/** What the value of a bit field means, in words. Source: DDI 0487, C4.1 (top level), C1.2.4 (conditions), C6.2. */
import { toHex } from '../../../../protocol/address.ts';
import { direction } from '../distance.ts';
import { binary } from '../encoding.ts';
import { breakWords } from './break.ts';
import { CONDITION_CODES, conditionWords } from './conditions.ts';
import { hintWords } from './hints.ts';
import type { Context, Meaning, Part } from './layout.ts';

const WORD = 4;
const PAGE = 4096;

const signed = (value: number, width: number): number => (value >= 2 ** (width - 1) ? value - 2 ** width : value);

/** Of a bit: what one says and what zero says. */
export const when =
  (one: string, zero: string): Meaning =>
  (value) =>
    value === 1 ? one : zero;

export const sf: Meaning = when('64 bits, x registers', '32 bits, w registers');

/** Number 31 is the zero register, or the stack pointer, as the instruction says. */
export const register =
  (role: string, last: 'zr' | 'sp' = 'zr'): Meaning =>
  (value) =>
    `${role}: ${value === 31 ? (last === 'sp' ? 'the stack pointer' : 'the zero register') : `x${value}`}`;

/** A distance of `width` bits, in words from here. */
export const branchTarget =
  (width: number): Meaning =>
  (value, { address }) => {
    const words = signed(value, width);
    return `${words} words: ${toHex(address + words * WORD)}, ${direction(words * WORD)}`;
  };

export const condition: Meaning = (value) => {
  const code = CONDITION_CODES[value] ?? '';
  return `${code}: ${conditionWords(code)}`;
};

export const adrTarget: Meaning = (value, { address, of }) => {
  const distance = signed(of('immhi') * 4 + value, 21);
  return `the low 2; in all ${distance} bytes: ${toHex(address + distance)}`;
};

export const adrpTarget: Meaning = (value, { address, of }) => {
  const pages = signed(of('immhi') * 4 + value, 21);
  return `the low 2; in all ${pages} pages of 4 KiB: ${toHex(pageOf(address) + pages * PAGE)}`;
};

const pageOf = (address: number): number => address - (address & (PAGE - 1));

export const moveShift: Meaning = (value, { of }) =>
  of('sf') === 0 && value > 1
    ? 'unallocated: a w register has 32 bits'
    : `bits ${value * 16 + 15} to ${value * 16} of it`;

export const newBits: Meaning = (value, { of }) => `0x${value.toString(16)}, shifted left by ${of('hw') * 16} bits`;

/** An unsigned offset in steps of what is loaded. */
export const offsetIn =
  (step: (of: Context['of']) => number): Meaning =>
  (value, { of }) =>
    `${value} × ${step(of)}: ${value * step(of)} bytes beyond the base`;

export const hint: Meaning = (value, { of }) => hintWords(value * 8 + of('op2'));

export const brkReason: Meaning = (value) => `0x${value.toString(16)}: ${breakWords(value)}`;

/** C4.1, table "A64 instruction set encoding": op1 is bits 28 to 25, `x` any bit. */
const TOP_LEVEL: readonly (readonly [string, string])[] = [
  ['0000', 'reserved, or matrix (SME) where the top bit is set'],
  ['0010', 'vectors of any length (SVE)'],
  ['100x', 'immediates: arithmetic, logic, moves, bit fields, addresses'],
  ['101x', 'branches, exceptions, system'],
  ['x1x0', 'loads and stores'],
  ['x101', 'arithmetic and logic on registers'],
  ['x111', 'floating point and vectors'],
];

export const topLevel: Meaning = (value) => {
  const bits = binary(value, 4);
  const found = TOP_LEVEL.find(([pattern]) => [...pattern].every((c, at) => c === 'x' || c === bits[at]));
  return found?.[1] ?? 'unallocated';
};

export const topBit: Meaning = () => 'with op1: the group';

/** Of a field that its class says nothing about. */
export const genericMeaning = (part: Part): string =>
  part.fixed === undefined ? '' : `always ${binary(part.fixed, part.width)} here`;
