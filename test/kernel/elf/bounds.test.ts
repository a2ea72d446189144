/**
 * Files that would cost far more than their size if the reader were careless. No time is asserted: a reader that does
 * what these files ask for needs minutes or gigabytes, and the run's own limit stops it.
 */
import { describe, expect, it } from 'vitest';
import { LIMIT, SYM } from '../../../daemon/kernel/elf/constants.ts';
import { readElf } from '../../../daemon/kernel/elf/read.ts';
import { readRela } from '../../../daemon/kernel/elf/rela.ts';
import { rows } from '../arch/arm64/module.ts';
import { buildElf, type NewSection } from './build.ts';
import { ARM64, faultOf, mustRead } from './edit.ts';

const THIS_MODULE: NewSection = {
  name: '.gnu.linkonce.this_module',
  type: 1,
  flags: 3,
  data: Uint8Array.from({ length: 128 }, (_, i) => (i >= 24 && i < 30 ? 0x61 : 0)),
};

const strings = (...lengths: readonly number[]): Uint8Array => {
  const bytes = new Uint8Array(1 + lengths.reduce((sum, length) => sum + length + 1, 0));
  let at = 1;
  for (const length of lengths) {
    bytes.fill(0x61, at, at + length);
    at += length + 1;
  }
  return bytes;
};

const symbols = (count: number, nameAt: number): Uint8Array => {
  const bytes = new Uint8Array(count * SYM.size);
  const view = new DataView(bytes.buffer);
  for (let i = 1; i < count; i++) view.setUint32(i * SYM.size, nameAt, true);
  return bytes;
};

/** Sections 1 to 3: struct module, symbols, their strings. */
const withSymbols = (table: Uint8Array, names: Uint8Array, more: readonly NewSection[] = []): Uint8Array =>
  buildElf([
    THIS_MODULE,
    { name: '.symtab', type: 2, link: 3, entsize: SYM.size, data: table },
    { name: '.strtab', type: 3, data: names },
    ...more,
  ]);

describe('bounds', () => {
  it('ELF-15: the smallest file that is a module reads', () => {
    expect(mustRead(withSymbols(symbols(1, 0), strings())).name).toBe('aaaaaa');
  });

  it('ELF-9: a name of the greatest length is read, one byte more is refused', () => {
    const elf = mustRead(withSymbols(symbols(2, 1), strings(LIMIT.nameLength)));
    expect(elf.symbols.name(1)).toHaveLength(LIMIT.nameLength);
    expect(faultOf(withSymbols(symbols(2, 1), strings(5, LIMIT.nameLength + 1)))).toMatchObject({
      field: 'section 3 (.strtab) string',
      expected: `at most ${LIMIT.nameLength}`,
    });
  });

  it('ELF-9: megabytes of names without a NUL are refused', () => {
    expect(faultOf(withSymbols(symbols(100_000, 1), strings(8_000_000))).field).toBe('section 3 (.strtab) string');
  });

  it('ELF-15: undefined symbols that share one long name are refused before they fill memory', () => {
    const fault = faultOf(withSymbols(symbols(200_000, 1), strings(LIMIT.nameLength)));
    expect(fault).toMatchObject({ expected: `at most ${LIMIT.names} in all` });
  });

  it('ELF-15: sections that share one long name are refused before they fill memory', () => {
    const names = strings(LIMIT.nameLength);
    const fault = faultOf(
      buildElf(
        Array.from({ length: 65_000 }, () => ({ type: 1, nameAt: 1 })),
        names,
      ),
    );
    expect(fault).toMatchObject({ expected: `at most ${LIMIT.names} in all` });
  });

  it('ELF-15: as many sections as a file can have are read', () => {
    const more = Array.from({ length: 65_279 - 5 }, () => ({ type: 8, flags: 3 }));
    expect(mustRead(withSymbols(symbols(1, 0), strings(), more)).sections).toHaveLength(65_279);
  });

  it('ELF-7: sections ordered by the one before, sixty thousand of them, end', () => {
    const more = Array.from({ length: 60_000 }, (_, i) => ({ type: 8, flags: 0x82, link: i + 3 }));
    expect(mustRead(withSymbols(symbols(1, 0), strings(), more)).sections).toHaveLength(60_005);
  });

  it('ELF-13: modinfo above its limit is refused', () => {
    const data = new Uint8Array(LIMIT.modinfo + 1);
    expect(faultOf(withSymbols(symbols(1, 0), strings(), [{ name: '.modinfo', type: 1, data }]))).toMatchObject({
      found: String(data.length),
    });
  });

  it('ELF-12: places in compressed debug information are places in what it unpacks to, and left alone', () => {
    const entry = new Uint8Array(24);
    new DataView(entry.buffer).setUint32(0, 1000, true);
    const file = (flags: number): Uint8Array =>
      withSymbols(symbols(1, 0), strings(), [
        { name: '.debug_info', type: 1, flags, data: new Uint8Array(8) },
        { name: '.rela.debug_info', type: 4, link: 2, info: 4, entsize: 24, data: entry },
      ]);
    expect(rows(readRela(mustRead(file(0x800)), 5))[0]?.offset).toBe(1000);
    expect(faultOf(file(0)).field).toBe('section 5 (.rela.debug_info) entry 0 r_offset');
  });

  it('ELF-15: what a count asks for is never more than what the file has', () => {
    const bytes = withSymbols(symbols(1000, 0), strings(), [
      { name: '.text', type: 1, flags: 6, data: new Uint8Array(64) },
      { name: '.rela.text', type: 4, link: 2, info: 4, entsize: 24, data: new Uint8Array(24 * 10_000) },
    ]);
    const result = readElf(bytes, ARM64);
    if (!result.ok) throw new Error(result.fault.field);
    const { count, view } = readRela(result.elf, 5);
    expect(count).toBe(10_000);
    expect(view.buffer).toBe(bytes.buffer);
  });
});
