/** Writing the bytes of a module's memory as they are when its init function is called. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SHF_EXECINSTR } from '../kernel/elf/constants.ts';
import type { Loaded } from '../kernel/loader/load.ts';

const READ_ONLY_TYPES: ReadonlySet<string> = new Set(['rodata', 'init_rodata']);

/** Writes each executable section, and the read-only memory: `readonly` in linux-6.1, a file for each type since. */
export async function dumpModule(folder: string, loaded: Loaded): Promise<void> {
  await mkdir(folder, { recursive: true });
  const { sections } = loaded.candidate;
  const { memory } = loaded.linked;
  for (const { index, name, flags } of sections) {
    const bytes = memory[index];
    if (bytes && bytes.length > 0 && (flags & SHF_EXECINSTR) !== 0 && isFileName(name)) {
      await writeFile(join(folder, name), bytes);
    }
  }
  for (const [name, bytes] of readOnly(loaded)) await writeFile(join(folder, name), bytes);
}

function isFileName(name: string): boolean {
  return !name.includes('/') && !name.includes('\0') && name !== '.' && name !== '..' && name !== '';
}

function* readOnly(loaded: Loaded): Generator<[name: string, bytes: Uint8Array]> {
  const { groups, parts } = loaded.laidOut;
  if (groups) {
    const part = parts.findIndex((p) => p.part === 'core');
    yield ['readonly', partBytes(loaded, part, groups.core.text, groups.core.ro)];
    return;
  }
  for (const [index, { part, size }] of parts.entries()) {
    if (READ_ONLY_TYPES.has(part)) yield [part, partBytes(loaded, index, 0, size)];
  }
}

/** Bytes [from, to) of a part; what no section fills is zero. */
function partBytes({ candidate, laidOut, linked }: Loaded, part: number, from: number, to: number): Uint8Array {
  const bytes = new Uint8Array(to - from);
  for (const { index } of candidate.sections) {
    const section = linked.memory[index];
    const at = (laidOut.offset[index] ?? 0) - from;
    if (laidOut.partOf[index] === part && section && at >= 0 && at < bytes.length) bytes.set(section, at);
  }
  return bytes;
}
