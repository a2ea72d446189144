/** From a module file, compressed or not, to the module's bytes. The file's magic says what it is; its name does not matter. */
import { ModuleFileError } from './error.ts';
import { gunzipModule } from './gzip.ts';
import { tooLarge } from './output.ts';
import { unxzModule } from './xz.ts';
import { unzstdModule } from './zstd.ts';

export const DEFAULT_LIMIT = 256 * 1024 * 1024;

export interface DecompressOptions {
  /** The most bytes that may come out; more is refused as soon as it is known. */
  readonly limit?: number;
  /** What errors call the file. */
  readonly name: string;
}

type Decompressor = (bytes: Uint8Array, limit: number, file: string) => Promise<Uint8Array>;

const FORMATS: readonly (readonly [magic: readonly number[], decompress: Decompressor])[] = [
  [[0x7f, 0x45, 0x4c, 0x46], async (bytes) => bytes],
  [[0x1f, 0x8b], gunzipModule],
  [[0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], unxzModule],
  [[0x28, 0xb5, 0x2f, 0xfd], unzstdModule],
];

/** The module's bytes; the input itself when it is not compressed. Rejects with a ModuleFileError. */
export async function decompressModule(bytes: Uint8Array, options: DecompressOptions): Promise<Uint8Array> {
  const { name, limit = DEFAULT_LIMIT } = options;
  const format = FORMATS.find(([magic]) => magic.every((byte, i) => bytes[i] === byte));
  if (format === undefined) {
    const head = Array.from(bytes.subarray(0, 6), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const found = bytes.length === 0 ? 'is empty' : `starts with ${head}`;
    throw new ModuleFileError('not-a-module', name, `${found}; expected ELF, gzip, xz or zstd`);
  }
  const unpacked = await format[1](bytes, limit, name);
  if (unpacked.length > limit) throw tooLarge(name, limit);
  return unpacked;
}
