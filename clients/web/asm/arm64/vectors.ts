/** Vector and cryptographic instructions, as modules for encryption, checksums and RAID have them. Source: DDI 0487, C7.2. */
import type { Parsed } from '../parse.ts';
import { type Family, listed, type Rules } from '../rule.ts';
import { addressWords, memoryAt, operandWords, writebackWords } from './operands.ts';

/** The first operand is a vector, a lane or a list of vectors. */
export const isVector = (operands: readonly string[]): boolean => /^\{?\s*[vqsdhbz]\d/.test(operands[0] ?? '');

const lanes = (what: string): string => `vector: {0} becomes ${what}, lane by lane`;

export const VECTORS: Rules = {
  add: lanes('{1} + {2}'),
  sub: lanes('{1} − {2}'),
  mul: lanes('{1} × {2}'),
  mla: 'vector: adds {1} × {2} to {0}, lane by lane',
  mls: 'vector: subtracts {1} × {2} from {0}, lane by lane',
  neg: lanes('−{1}'),
  and: 'vector: {0} becomes the bits that {1} and {2} share',
  orr: 'vector: {0} becomes the bits that {1} or {2} has',
  eor: 'vector: {0} becomes the bits in which {1} and {2} differ',
  bic: 'vector: {0} becomes {1} without the bits of {2}',
  eor3: 'vector: {0} becomes {1}, {2} and {3}, exclusive-ored',
  bcax: 'vector: {0} becomes {1} exclusive-ored with the bits of {2} that {3} lacks',
  rax1: 'vector: {0} becomes {1} exclusive-ored with {2} rotated by 1 bit',
  xar: 'vector: {0} becomes {1} exclusive-ored with {2}, rotated right by {3} bits',
  bif: 'vector: {0} gets the bits of {1} where {2} has zeroes',
  bit: 'vector: {0} gets the bits of {1} where {2} has ones',
  bsl: 'vector: {0} becomes {1} where it has ones and {2} where it has zeroes',
  mov: 'vector: copies {1} to {0}',
  fmov: 'vector: copies the bits of {1} to {0}',
  movi: 'vector: puts {1} into every lane of {0}',
  mvni: 'vector: puts the inverse of {1} into every lane of {0}',
  mvn: 'vector: {0} becomes {1} with every bit turned over',
  dup: 'vector: puts {1} into every lane of {0}',
  ins: 'vector: puts {1} into the lane {0}',
  ext: 'vector: {0} becomes the bytes of {1} and {2} side by side, from byte {3} on',
  tbl: 'vector: {0} becomes the bytes of {1} that {2} picks; zero where it picks none',
  tbx: 'vector: {0} gets the bytes of {1} that {2} picks and stays where it picks none',
  zip1: 'vector: {0} becomes the lower lanes of {1} and {2} in turn',
  zip2: 'vector: {0} becomes the upper lanes of {1} and {2} in turn',
  uzp1: 'vector: {0} becomes the even lanes of {1} and {2}',
  uzp2: 'vector: {0} becomes the odd lanes of {1} and {2}',
  trn1: 'vector: {0} becomes the even lanes of {1} and {2} in turn',
  trn2: 'vector: {0} becomes the odd lanes of {1} and {2} in turn',
  rev16: 'vector: {0} becomes {1} with the bytes of every 16 bits in reverse order',
  rev32: 'vector: {0} becomes {1} with the elements of every 32 bits in reverse order',
  rev64: 'vector: {0} becomes {1} with the elements of every 64 bits in reverse order',
  shl: lanes('{1} shifted left by {2} bits'),
  ushr: lanes('{1} shifted right by {2} bits, zeroes coming in'),
  sshr: lanes('{1} shifted right by {2} bits, its sign coming in'),
  sri: 'vector: inserts {1}, shifted right by {2} bits, into {0}, lane by lane',
  sli: 'vector: inserts {1}, shifted left by {2} bits, into {0}, lane by lane',
  shrn: 'vector: {0} becomes {1} shifted right by {2} bits and made half as wide, lane by lane',
  xtn: 'vector: {0} becomes the lower half of each lane of {1}',
  addp: 'vector: {0} becomes the sums of neighbouring lanes of {1}',
  cmlt: 'vector: {0} becomes all ones where {1} is less than {2}, else zero, lane by lane',
  pmul: lanes('{1} × {2} without carries, as polynomials'),
  pmull: 'vector: {0} becomes {1} × {2} without carries, as polynomials, twice as wide',
  pmull2: 'vector: {0} becomes the upper halves {1} × {2} without carries, as polynomials, twice as wide',
  umull: 'vector: {0} becomes {1} × {2}, twice as wide, lane by lane',
  umull2: 'vector: {0} becomes the upper halves {1} × {2}, twice as wide, lane by lane',
  umlal: 'vector: adds {1} × {2}, twice as wide, to {0}, lane by lane',
  umlal2: 'vector: adds the upper halves {1} × {2}, twice as wide, to {0}, lane by lane',
  aese: 'one round of AES encryption: {0} with the key {1}, without mixing columns',
  aesd: 'one round of AES decryption: {0} with the key {1}, without mixing columns',
  aesmc: 'AES: {0} becomes {1} with its columns mixed',
  aesimc: 'AES: {0} becomes {1} with its columns mixed back',
};

function structure(match: RegExpExecArray, { operands }: Parsed): string | undefined {
  const [, kind, count = '', all] = match;
  const at = memoryAt(operands);
  if (at < 0) return undefined;
  const vectors = listed(operandWords(operands.slice(0, at)));
  const memory = operands.slice(at);
  const how = count === '1' ? '' : `, element by element in turns of ${count}`;
  const back = writebackWords(memory);
  if (kind === 'st') return `vector store: writes ${vectors}${how}, to ${addressWords(memory)}${back}`;
  return `vector load: reads ${vectors}${all ? ', the same value into every lane,' : ''}${how} from ${addressWords(memory)}${back}`;
}

const HASHES = /^(sha1|sha256|sha512|sm3|sm4|sha3)\w*$/;

export const VECTOR_FAMILIES: readonly Family[] = [
  [/^(ld|st)([1-4])(r)?$/, structure],
  [
    HASHES,
    ([name, hash = ''], { operands }) =>
      `one step of the hash or cipher ${hash.toUpperCase()} (${name}), from ${listed(operands.slice(1))} into ${operands[0] ?? ''}`,
  ],
];
