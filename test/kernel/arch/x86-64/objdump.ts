/** GNU objdump for x86-64 as the independent opinion; tests that need it skip by name where it is missing. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** On another host the cross binutils have it. */
const found = ['x86_64-linux-gnu-objdump', 'objdump'].find((tool) => {
  try {
    return execFileSync(tool, ['-i'], { encoding: 'utf8' }).includes('i386');
  } catch {
    return false;
  }
});
if (found === undefined) console.warn('SKIPPED: tests against GNU objdump: install binutils-x86-64-linux-gnu');
export const hasObjdump = found !== undefined;

export interface Line {
  /** Bytes from the start. */
  readonly at: number;
  readonly bytes: string;
  /** With single spaces. */
  readonly text: string;
}

/** What objdump makes of `bytes` at `address`, one line each instruction. */
export const objdump = (bytes: Uint8Array, address: bigint): Line[] => {
  const folder = mkdtempSync(join(tmpdir(), 'veneerd-'));
  try {
    const file = join(folder, 'bytes');
    writeFileSync(file, bytes);
    const vma = `--adjust-vma=0x${BigInt.asUintN(64, address).toString(16)}`;
    const flags = ['-D', '-z', '-w', '-b', 'binary', '-m', 'i386:x86-64', vma, file];
    const out = execFileSync(found ?? 'objdump', flags, { encoding: 'utf8', maxBuffer: 1 << 28 });
    return [...out.matchAll(/^\s*([0-9a-f]+):\t([0-9a-f ]+?)\s*\t(.*)$/gm)].map(([, at = '', hex = '', text = '']) => ({
      at: Number(BigInt.asUintN(64, BigInt(`0x${at}`) - address)),
      bytes: hex.replaceAll(' ', ''),
      text: text.replace(/\s+/g, ' ').trim(),
    }));
  } finally {
    rmSync(folder, { recursive: true });
  }
};
