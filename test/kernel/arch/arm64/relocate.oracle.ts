/**
 * What arch/arm64/kernel/module.c does with one relocation, said again in BigInt from the ELF ABI's tables: field, shift and
 * check of each type. Slow and plain on purpose.
 */
export interface Outcome {
  /** Eight bytes from the place on, where only as many as the type is wide can differ from zero past the word. */
  readonly bytes: number[];
  readonly words: string | null;
}

const BREAK = 0xd4202000n;
const s64 = (n: bigint) => BigInt.asIntN(64, n);
const fitsSigned = (n: bigint, bits: number) => BigInt.asIntN(bits, n) === n;
const fitsUnsigned = (n: bigint, bits: number) => n >= 0n && n < 1n << BigInt(bits);

const put = (word: bigint, mask: bigint, shift: bigint, value: bigint): bigint =>
  word === BREAK ? word : (word & ~(mask << shift) & 0xffffffffn) | ((value & mask) << shift);

const putAdr = (word: bigint, value: bigint): bigint =>
  word === BREAK ? word : (word & 0x9f00001fn) | ((value & 3n) << 29n) | (((value >> 2n) & 0x7ffffn) << 5n);

/** type: [lsb, len, field mask, field shift, place-relative, checked] */
const IMMEDIATES: Readonly<Record<number, readonly [bigint, number, bigint, bigint, boolean, boolean]>> = {
  273: [2n, 19, 0x7ffffn, 5n, true, true],
  277: [0n, 12, 0xfffn, 10n, false, false],
  278: [0n, 12, 0xfffn, 10n, false, false],
  279: [2n, 14, 0x3fffn, 5n, true, true],
  280: [2n, 19, 0x7ffffn, 5n, true, true],
  282: [2n, 26, 0x3ffffffn, 0n, true, true],
  283: [2n, 26, 0x3ffffffn, 0n, true, true],
  284: [1n, 11, 0xfffn, 10n, false, false],
  285: [2n, 10, 0xfffn, 10n, false, false],
  286: [3n, 9, 0xfffn, 10n, false, false],
  299: [4n, 8, 0xfffn, 10n, false, false],
};

/** type: [lsb, place-relative, sign picks MOVN or MOVZ, checked] */
const MOVES: Readonly<Record<number, readonly [bigint, boolean, boolean, boolean]>> = {
  263: [0n, false, false, true],
  264: [0n, false, false, false],
  265: [16n, false, false, true],
  266: [16n, false, false, false],
  267: [32n, false, false, true],
  268: [32n, false, false, false],
  269: [48n, false, false, false],
  270: [0n, false, true, true],
  271: [16n, false, true, true],
  272: [32n, false, true, true],
  287: [0n, true, true, true],
  288: [0n, true, false, false],
  289: [16n, true, true, true],
  290: [16n, true, false, false],
  291: [32n, true, true, true],
  292: [32n, true, false, false],
  293: [48n, true, true, false],
};

/** `word` is what stands at the place, followed by zeroes. Branches out of reach are another test's matter. */
export const relocateByTheRule = (
  type: number,
  s: bigint,
  a: bigint,
  p: bigint,
  word: number,
): Outcome | 'needs-plt' => {
  const value = s64(s + a);
  let place = BigInt(word);
  let overflowed = false;
  const relative = s64(value - p);
  const imm = IMMEDIATES[type];
  const move = MOVES[type];
  if (type === 257 || type === 260) place = BigInt.asUintN(64, type === 257 ? value : relative);
  else if (type === 258 || type === 261) {
    place = BigInt.asUintN(32, type === 258 ? value : relative);
    overflowed = type === 258 ? !fitsUnsigned(value, 32) : !fitsSigned(relative, 32);
  } else if (type === 259 || type === 262) {
    place = (place & ~0xffffn) | BigInt.asUintN(16, type === 259 ? value : relative);
    overflowed = type === 259 ? !fitsUnsigned(value, 16) : !fitsSigned(relative, 16);
  } else if (move) {
    const [lsb, isRelative, bySign, checked] = move;
    const x = isRelative ? relative : value;
    let steps = x >> lsb;
    if (bySign) place = (place & ~(3n << 29n)) | (x < 0n ? 0n : 2n << 29n);
    if (bySign && x < 0n) steps = ~steps;
    place = put(place, 0xffffn, 5n, steps);
    overflowed = checked && !fitsUnsigned(steps, 16);
  } else if (imm) {
    const [lsb, len, mask, shift, isRelative, checked] = imm;
    const steps = (isRelative ? relative : value) >> lsb;
    overflowed = checked && !fitsSigned(steps, len);
    if (overflowed && (type === 282 || type === 283)) return 'needs-plt';
    place = put(place, mask, shift, steps & ((1n << BigInt(len)) - 1n));
  } else if (type === 274) {
    place = putAdr(place, relative);
    overflowed = !fitsSigned(relative, 21);
  } else if (type === 275 || type === 276) {
    const pages = s64((value & ~0xfffn) - (p & ~0xfffn)) >> 12n;
    place = putAdr(place, pages);
    overflowed = type === 275 && !fitsSigned(pages, 21);
  } else if (type !== 0 && type !== 256) throw new Error(`no rule for type ${type}`);
  const bytes = Array.from({ length: 8 }, (_, i) => Number((place >> BigInt(8 * i)) & 0xffn));
  const val = BigInt.asUintN(64, value).toString(16);
  return { bytes, words: overflowed ? `module demo: overflow in relocation type ${type} val ${val}` : null };
};
