/** A plan's input as it goes to threads: the bytes of all modules in one block of memory that all of them share. */
import type { BootFields, PlanInput } from './input.ts';

export interface PackedInput {
  readonly boot: BootFields;
  readonly modules: readonly {
    readonly file: string;
    readonly sha256: string;
    readonly at: number;
    readonly size: number;
  }[];
  readonly bytes: SharedArrayBuffer;
}

export function pack({ boot, modules }: PlanInput): PackedInput {
  const total = modules.reduce((sum, { bytes }) => sum + aligned(bytes.length), 0);
  const block = new Uint8Array(new SharedArrayBuffer(total));
  let at = 0;
  const packed = modules.map(({ file, sha256, bytes }) => {
    block.set(bytes, at);
    const entry = { file, sha256, at, size: bytes.length };
    at += aligned(bytes.length);
    return entry;
  });
  return { boot, modules: packed, bytes: block.buffer };
}

export function unpack({ boot, modules, bytes }: PackedInput): PlanInput {
  return {
    boot,
    modules: modules.map(({ file, sha256, at, size }) => ({ file, sha256, bytes: new Uint8Array(bytes, at, size) })),
  };
}

/** Words of a file stay words of the block. */
const aligned = (size: number): number => Math.ceil(size / 8) * 8;
