/** Which build a module's file is. */
import { readElf } from '../../../kernel/elf/read.ts';

/** The build id of a module's file: its .note.gnu.build-id. */
export function buildIdOf(bytes: Uint8Array): string | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const machine of [0xb7, 0x3e]) {
    const read = readElf(bytes, machine);
    if (!read.ok) continue;
    const note = read.elf.sections.find(({ name }) => name === '.note.gnu.build-id');
    if (!note || note.size < 17) return undefined;
    const size = view.getUint32(note.offset + 4, true);
    if (16 + size > note.size) return undefined;
    const id = bytes.subarray(note.offset + 16, note.offset + 16 + size);
    return Array.from(id, (byte) => byte.toString(16).padStart(2, '0')).join('');
  }
  return undefined;
}
