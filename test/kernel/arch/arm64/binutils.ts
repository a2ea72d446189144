/** GNU binutils for AArch64 as the independent opinion; tests that need them skip by name where they are missing. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PREFIX = 'aarch64-linux-gnu-';

export const hasBinutils = ((): boolean => {
  try {
    execFileSync(`${PREFIX}objdump`, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    console.warn('SKIPPED: tests against GNU binutils: install binutils-aarch64-linux-gnu');
    return false;
  }
})();

const inTemporaryFolder = <T>(work: (folder: string) => T): T => {
  const folder = mkdtempSync(join(tmpdir(), 'veneerd-'));
  try {
    return work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
};

/** What objdump makes of words at consecutive addresses from `address` on, one text each. */
export const objdump = (words: readonly number[], address: bigint, aliases = false): string[] =>
  inTemporaryFolder((folder) => {
    const file = join(folder, 'words');
    const bytes = Buffer.alloc(words.length * 4);
    for (const [i, word] of words.entries()) bytes.writeUInt32LE(word >>> 0, 4 * i);
    writeFileSync(file, bytes);
    const vma = `--adjust-vma=0x${BigInt.asUintN(64, address).toString(16)}`;
    const style = aliases ? 'aliases' : 'no-aliases';
    const flags = ['-D', '-z', '-b', 'binary', '-m', 'aarch64', '-M', style, vma, file];
    const out = execFileSync(`${PREFIX}objdump`, flags, { encoding: 'utf8', maxBuffer: 1 << 28 });
    return [...out.matchAll(/^\s*[0-9a-f]+:\t[0-9a-f]{8} \t(.*)$/gm)].map((m) => m[1] ?? '');
  });

/** Assembles `source` and links its `.text` at `address` with symbols at fixed places; the section's bytes. */
export const link = (source: string, address: bigint, symbols: ReadonlyMap<string, bigint>): Buffer =>
  inTemporaryFolder((folder) => {
    const path = (name: string) => join(folder, name);
    const hex = (n: bigint) => `0x${BigInt.asUintN(64, n).toString(16)}`;
    writeFileSync(path('a.s'), source);
    execFileSync(`${PREFIX}as`, ['-o', path('a.o'), path('a.s')]);
    const defined = [...symbols].map(([name, value]) => `--defsym=${name}=${hex(value)}`);
    const flags = ['-e', '0', '--no-relax', `--section-start=.text=${hex(address)}`, ...defined];
    execFileSync(`${PREFIX}ld`, [...flags, '-o', path('a.elf'), path('a.o')], { stdio: ['ignore', 'ignore', 'pipe'] });
    execFileSync(`${PREFIX}objcopy`, ['-O', 'binary', '-j', '.text', path('a.elf'), path('a.bin')]);
    return readFileSync(path('a.bin'));
  });
