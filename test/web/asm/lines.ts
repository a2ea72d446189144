/** Real code as the daemon tells it: assembled by GNU as, or out of a module file, and disassembled by the daemon's own tables and library. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Arch, CodeLine } from '../../../clients/web/asm/index.ts';
import { generalDisassembler } from '../../../daemon/disassembler.ts';
import { EM_AARCH64, EM_X86_64, SHF_EXECINSTR, SHT_PROGBITS } from '../../../daemon/kernel/elf/constants.ts';
import { readElf } from '../../../daemon/kernel/elf/read.ts';
import { disassemble } from '../../../daemon/kernel/inspect/disassemble.ts';
import { toHex } from '../../../protocol/address.ts';
import { hasBinutils, link } from '../../kernel/arch/arm64/binutils.ts';

/** 0xffff800008000000. */
export const BASE = -0x7ffff8000000;

/** On another host the cross binutils have it. */
const x86Tools = ['x86_64-linux-gnu-', ''].find((prefix) => {
  try {
    return execFileSync(`${prefix}objcopy`, ['--info'], { encoding: 'utf8' }).includes('elf64-x86-64');
  } catch {
    return false;
  }
});
if (x86Tools === undefined) console.warn('SKIPPED: tests of assembled x86-64: install binutils-x86-64-linux-gnu');

export const hasAssembler: Readonly<Record<Arch, boolean>> = { arm64: hasBinutils, 'x86-64': x86Tools !== undefined };

/** Lines of `source`, whose first instruction is at `BASE`. `symbols` are at fixed addresses (arm64 only). */
export async function assembled(
  arch: Arch,
  source: string,
  symbols?: ReadonlyMap<string, bigint>,
): Promise<CodeLine[]> {
  if (arch === 'arm64') return lines(arch, link(`.arch armv8.5-a\n${source}\n`, BigInt(BASE), symbols ?? new Map()));
  const folder = mkdtempSync(join(tmpdir(), 'veneerd-'));
  try {
    const path = (name: string) => join(folder, name);
    writeFileSync(path('a.s'), `${source}\n`);
    execFileSync(`${x86Tools}as`, ['--64', '-o', path('a.o'), path('a.s')]);
    execFileSync(`${x86Tools}objcopy`, ['-O', 'binary', '-j', '.text', path('a.o'), path('a.bin')]);
    return lines(arch, readFileSync(path('a.bin')));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export async function lines(arch: Arch, code: Uint8Array): Promise<CodeLine[]> {
  const general = await generalDisassembler();
  return disassemble(arch, code, BASE, code.length, general).map(({ address, bytes, text }) => ({
    address: toHex(address),
    bytes: Buffer.from(bytes).toString('hex'),
    text,
  }));
}

/** The sections of code of a module; none where it is of another architecture. */
export function codeOf(file: Uint8Array, arch: Arch): Uint8Array[] {
  const read = readElf(new Uint8Array(file), arch === 'arm64' ? EM_AARCH64 : EM_X86_64);
  if (!read.ok) return [];
  return read.elf.sections
    .filter(({ flags, type, size }) => (flags & SHF_EXECINSTR) !== 0 && type === SHT_PROGBITS && size > 0)
    .map(
      ({ offset, size }) =>
        new Uint8Array(file.buffer.slice(file.byteOffset + offset, file.byteOffset + offset + size)),
    );
}
