/** What a module file says of itself: `.modinfo`, NUL-separated `key=value` (written by scripts/mod/modpost.c). Only section headers are read. */

const EHDR_SIZE = 64;
const SHDR_SIZE = 64;

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
