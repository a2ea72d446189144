/**
 * The `depends` and `softdep` lines of a module file: what depmod and modprobe go by (`.modinfo`, NUL-separated `key=value`; written by
 * scripts/mod/modpost.c). Only the section headers are read; whether the file is a good module is the daemon's to say.
 */
import { readFile } from 'node:fs/promises';
import { ModuleFileError } from '../../../daemon/modules/error.ts';
import { sameName } from '../../../daemon/modules/name.ts';
import { CliFailure, EXIT, fileFailure } from '../failure.ts';
import { readSoft, type Soft } from './index-files.ts';

const EHDR_SIZE = 64;
const SHDR_SIZE = 64;

export interface Modinfo {
  /** The names that it needs, in its order, each as sameName spells it. */
  readonly depends: readonly string[];
  readonly soft: Soft;
}

/** The names that `file` says it needs. */
export async function dependsOf(file: string): Promise<readonly string[]> {
  let packed: Buffer;
  try {
    packed = await readFile(file);
  } catch (error) {
    throw fileFailure(file, error);
  }
  return (await modinfoOf(packed, file)).depends;
}

/** What a module file, compressed or not, says of others; `file` is what errors call it. */
export async function modinfoOf(packed: Uint8Array, file: string): Promise<Modinfo> {
  try {
    const { decompressModule } = await import('../../../daemon/modules/decompress.ts');
    const bytes = await decompressModule(packed, { name: file });
    const [depends = ''] = modinfoValues(bytes, 'depends');
    return {
      depends: depends
        .split(',')
        .filter((name) => name !== '')
        .map(sameName),
      soft: readSoft(modinfoValues(bytes, 'softdep')),
    };
  } catch (error) {
    if (error instanceof ModuleFileError) throw new CliFailure(EXIT.usage, 'bad-module', error.message);
    const why = error instanceof Error ? error.message : String(error);
    throw new CliFailure(EXIT.usage, 'bad-module', `${file}: cannot read what it depends on: ${why}`);
  }
}

/** The value of each `key=` in `.modinfo`, in order. Throws a RangeError where `file` is no ELF64 file. */
export function modinfoValues(file: Uint8Array, key: string): readonly string[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (file.length < EHDR_SIZE || view.getUint32(0) !== 0x7f454c46) throw new RangeError('not an ELF file');
  if (file[4] !== 2 || file[5] !== 1) throw new RangeError('not a 64-bit little-endian ELF file');
  const headers = Number(view.getBigUint64(0x28, true));
  const count = view.getUint16(0x3c, true);
  const bytesOf = (index: number): Uint8Array => {
    const at = headers + index * SHDR_SIZE;
    if (at + SHDR_SIZE > file.length)
      throw new RangeError(`the header of section ${index} is beyond the end of the file`);
    const offset = Number(view.getBigUint64(at + 0x18, true));
    const size = Number(view.getBigUint64(at + 0x20, true));
    if (offset + size > file.length) throw new RangeError(`section ${index} reaches beyond the end of the file`);
    return file.subarray(offset, offset + size);
  };
  const text = new TextDecoder('latin1');
  const names = bytesOf(view.getUint16(0x3e, true));
  for (let index = 1; index < count; index++) {
    const from = view.getUint32(headers + index * SHDR_SIZE, true);
    const name = text.decode(names.subarray(from, from + '.modinfo'.length + 1));
    if (name !== '.modinfo\0') continue;
    return text
      .decode(bytesOf(index))
      .split('\0')
      .filter((line) => line.startsWith(`${key}=`))
      .map((line) => line.slice(key.length + 1));
  }
  return [];
}
