/**
 * Damages good module files, the same way every time for the same seed: fields set to boundary values where the file's
 * structure is known, and bytes changed where it is not.
 */
import { EHDR, RELA, SHDR, SYM } from '../../daemon/kernel/elf/constants.ts';

/** mulberry32: a number in [0, 1) for each call. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

type Random = () => number;
type Field = readonly [at: number, width: 1 | 2 | 4 | 8];
type Mutation = (bytes: Uint8Array, random: Random, corpus: readonly Uint8Array[]) => Uint8Array;

const below = (random: Random, limit: number): number => Math.floor(random() * limit);
const pick = <T>(random: Random, from: readonly T[]): T => {
  const value = from[below(random, from.length)];
  if (value === undefined) throw new RangeError('nothing to pick from');
  return value;
};

const EHDR_FIELDS: readonly Field[] = [
  [EHDR.EI_CLASS, 1],
  [EHDR.EI_DATA, 1],
  [EHDR.e_type, 2],
  [EHDR.e_machine, 2],
  [EHDR.e_shoff, 8],
  [EHDR.e_ehsize, 2],
  [EHDR.e_shentsize, 2],
  [EHDR.e_shnum, 2],
  [EHDR.e_shstrndx, 2],
];
const SHDR_FIELDS: readonly Field[] = [
  [SHDR.sh_name, 4],
  [SHDR.sh_type, 4],
  [SHDR.sh_flags, 8],
  [SHDR.sh_addr, 8],
  [SHDR.sh_offset, 8],
  [SHDR.sh_size, 8],
  [SHDR.sh_link, 4],
  [SHDR.sh_info, 4],
  [SHDR.sh_addralign, 8],
  [SHDR.sh_entsize, 8],
];
const SYM_FIELDS: readonly Field[] = [
  [SYM.st_name, 4],
  [SYM.st_info, 1],
  [SYM.st_shndx, 2],
  [SYM.st_value, 8],
  [SYM.st_size, 8],
];
const RELA_FIELDS: readonly Field[] = [
  [RELA.r_offset, 8],
  [RELA.r_type, 4],
  [RELA.r_sym, 4],
  [RELA.r_addend, 8],
];

const BOUNDARIES: readonly bigint[] = [
  0n,
  1n,
  2n,
  3n,
  4n,
  7n,
  8n,
  9n,
  11n,
  23n,
  24n,
  25n,
  63n,
  64n,
  65n,
  0xfffn,
  0x1000n,
  0x7fffn,
  0x8000n,
  0xfeffn,
  0xff00n,
  0xff20n,
  0xfff1n,
  0xfff2n,
  0xffffn,
  0x10000n,
  0x7fffffffn,
  0x80000000n,
  0xffffffffn,
  1n << 32n,
  (1n << 36n) + 1n,
  (1n << 53n) - 1n,
  1n << 53n,
  (1n << 63n) - 1n,
  1n << 63n,
  (1n << 64n) - 64n,
  (1n << 64n) - 1n,
];

function setField(bytes: Uint8Array, base: number, [at, width]: Field, random: Random): void {
  const view = new DataView(bytes.buffer);
  const where = base + at;
  if (where < 0 || where + width > bytes.length) return;
  const near = BigInt(bytes.length + below(random, 3) - 1);
  const random32 = BigInt(below(random, 2 ** 32));
  const small = BigInt(below(random, 64));
  const value = pick(random, [pick(random, BOUNDARIES), pick(random, BOUNDARIES), near, small, random32]);
  if (width === 1) view.setUint8(where, Number(value & 0xffn));
  else if (width === 2) view.setUint16(where, Number(value & 0xffffn), true);
  else if (width === 4) view.setUint32(where, Number(value & 0xffffffffn), true);
  else view.setBigUint64(where, value, true);
}

/** Where the section headers of a file that may already be damaged seem to be. */
function headersOf(bytes: Uint8Array): { readonly at: number; readonly count: number } {
  if (bytes.length < EHDR.size) return { at: 0, count: 0 };
  const view = new DataView(bytes.buffer);
  const at = view.getUint32(EHDR.e_shoff, true);
  const count = Math.min(view.getUint16(EHDR.e_shnum, true), Math.floor((bytes.length - at) / SHDR.size));
  return { at, count: Math.max(count, 0) };
}

const headerField: Mutation = (bytes, random) => {
  setField(bytes, 0, pick(random, EHDR_FIELDS), random);
  return bytes;
};

const sectionField: Mutation = (bytes, random) => {
  const { at, count } = headersOf(bytes);
  if (count > 0) setField(bytes, at + below(random, count) * SHDR.size, pick(random, SHDR_FIELDS), random);
  return bytes;
};

/** A field of one entry of a section that is a table. */
const tableField =
  (type: number, entry: number, fields: readonly Field[]): Mutation =>
  (bytes, random) => {
    const { at, count } = headersOf(bytes);
    const view = new DataView(bytes.buffer);
    const first = below(random, Math.max(count, 1));
    for (let i = 0; i < count; i++) {
      const header = at + ((first + i) % count) * SHDR.size;
      if (view.getUint32(header + SHDR.sh_type, true) !== type) continue;
      const entries = Math.max(1, Math.floor(view.getUint32(header + SHDR.sh_size, true) / entry));
      setField(
        bytes,
        view.getUint32(header + SHDR.sh_offset, true) + below(random, entries) * entry,
        pick(random, fields),
        random,
      );
      break;
    }
    return bytes;
  };

const flipBits: Mutation = (bytes, random) => {
  for (let i = below(random, 8); i >= 0 && bytes.length > 0; i--) {
    const at = below(random, bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << below(random, 8));
  }
  return bytes;
};

const truncate: Mutation = (bytes, random) => bytes.slice(0, below(random, bytes.length + 1));

const grow: Mutation = (bytes, random) => {
  const longer = new Uint8Array(bytes.length + below(random, 256));
  longer.set(bytes);
  return longer.fill(below(random, 256), bytes.length);
};

const overwrite: Mutation = (bytes, random, corpus) => {
  const from = pick(random, corpus);
  const start = below(random, from.length);
  const at = below(random, bytes.length + 1);
  const length = Math.min(1 + below(random, 512), bytes.length - at);
  bytes.set(from.subarray(start, start + length), at);
  return bytes;
};

const insert: Mutation = (bytes, random) => {
  const at = below(random, bytes.length + 1);
  const gap = below(random, 64) - 32;
  const tail = bytes.slice(Math.max(at - Math.min(gap, 0), 0));
  const changed = new Uint8Array(Math.max(at + Math.max(gap, 0), 0) + tail.length);
  changed.set(bytes.subarray(0, at));
  changed.set(tail, changed.length - tail.length);
  return changed;
};

const MUTATIONS: readonly Mutation[] = [
  headerField,
  sectionField,
  sectionField,
  sectionField,
  tableField(2, SYM.size, SYM_FIELDS),
  tableField(4, RELA.size, RELA_FIELDS),
  flipBits,
  truncate,
  grow,
  overwrite,
  insert,
];

/** One damaged file: a copy of one of the corpus with one to three mutations. */
export function damage(corpus: readonly Uint8Array[], random: Random): Uint8Array {
  let bytes: Uint8Array = pick(random, corpus).slice();
  for (let left = 1 + below(random, 3); left > 0; left--) bytes = pick(random, MUTATIONS)(bytes, random, corpus);
  return bytes;
}
