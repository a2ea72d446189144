import { describe, expect, it } from 'vitest';
import { SHT_RELA } from '../../../daemon/kernel/elf/constants.ts';
import { readExports } from '../../../daemon/kernel/elf/exports.ts';
import { readImports } from '../../../daemon/kernel/elf/imports.ts';
import { addendAt, entryAt, readRela } from '../../../daemon/kernel/elf/rela.ts';
import type { ElfModule } from '../../../daemon/kernel/elf/types.ts';
import { fixture, fixtureNames, machineOf } from '../../fixtures/fixtures.ts';
import { rows } from '../arch/arm64/module.ts';
import { mapOf, mustRead, sectionOf, write } from './edit.ts';

const symbolNames = (elf: ElfModule): readonly string[] =>
  Array.from({ length: elf.symbols.count }, (_, i) => elf.symbols.name(i));

describe('module files', () => {
  it.each(fixtureNames())('ELF-20: %s reads whole: sections, symbols, relocations, imports and exports', (file) => {
    const elf = mustRead(fixture(file), machineOf(file));
    expect(elf.name).toMatch(/^[a-z0-9_]+$/);
    for (const section of elf.sections) if (section.type === SHT_RELA) readRela(elf, section.index);
    readImports(elf);
    expect(readExports(elf).ok).toBe(true);
  });

  it('ELF-15: the reader keeps the bytes that it was given, wherever they lie in their buffer', () => {
    const bytes = fixture('calls.ko');
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    const view = shifted.subarray(3);
    const elf = mustRead(view);
    expect(elf.bytes).toBe(view);
    expect(symbolNames(elf)).toEqual(symbolNames(mustRead(bytes)));
    const index = sectionOf(elf, '.rela.text').index;
    expect(rows(readRela(elf, index))).toEqual(rows(readRela(mustRead(bytes), index)));
  });

  it('ELF-6: an alignment of 0 means 1', () => {
    const bytes = fixture('sections.ko');
    const at = mapOf(bytes).section('.modinfo', 'sh_addralign');
    expect(sectionOf(mustRead(write(bytes, at, 8, 0)), '.modinfo').align).toBe(1);
  });

  it('ELF-4: a NOBITS section is not asked for bytes', () => {
    const bytes = fixture('sections.ko');
    const map = mapOf(bytes);
    const large = write(bytes, map.section('.bss', 'sh_size'), 8, 2 ** 36);
    const away = write(large, map.section('.bss', 'sh_offset'), 8, 2 ** 40);
    expect(sectionOf(mustRead(away), '.bss')).toMatchObject({ size: 2 ** 36, align: 4096 });
  });

  it('ELF-13: modinfo is read in order, values that repeat kept, in UTF-8', () => {
    const { modinfo, name } = mustRead(fixture('hello.ko'));
    expect([...modinfo]).toEqual([
      ['description', ['says hello']],
      ['author', ['José']],
      ['depends', ['']],
      ['vermagic', ['6.1.0-fixture SMP mod_unload aarch64']],
      ['name', ['hello']],
      ['license', ['GPL']],
    ]);
    expect(name).toBe('hello');
  });

  it('ELF-13: without a name in modinfo, the name is the one in struct module', () => {
    const elf = mustRead(fixture('inferred-name.ko'));
    expect(elf.modinfo.has('name')).toBe(false);
    expect(elf.name).toBe('inferred_name');
  });
});

describe('symbols', () => {
  it('ELF-17: names, lengths, values, sections and bindings are as the file has them', () => {
    const elf = mustRead(fixture('calls.ko'));
    const { symbols } = elf;
    const i = symbolNames(elf).indexOf('second');
    expect(symbols.nameLength(i)).toBe('second'.length);
    expect(symbols.nameLength(0)).toBe(0);
    expect(elf.sections[symbols.shndx[i] ?? 0]?.name).toBe('.text');
    expect(symbols.value[i]).toBe(0x34);
    expect(symbols.info[i]).toBe(0x12);
  });

  it('ELF-17: a value that no double holds is there in halves', () => {
    const elf = mustRead(fixture('absolute.ko'));
    const wide = symbolNames(elf).indexOf('wide');
    expect(elf.symbols.valueHigh(wide)).toBe(0x01234567);
    expect(elf.symbols.valueLow(wide)).toBe(0x89abcdef);
    expect(elf.symbols.value[wide]).toBe(Number(0x0123456789abcdefn));
    expect(elf.symbols.value[symbolNames(elf).indexOf('crc')]).toBe(0x9abcdef0);
  });

  it('ELF-17: absolute addresses are signed numbers', () => {
    const elf = mustRead(fixture('relocs.ko'));
    const i = symbolNames(elf).indexOf('abs_64');
    expect(elf.symbols.value[i]).toBe(-0x7fffedcba988);
    expect(elf.symbols.valueHigh(i)).toBe(-0x8000);
    expect(elf.symbols.value[symbolNames(elf).indexOf('abs_minus')]).toBe(-0x1234);
  });

  it('ELF-17: a name is one character a byte, so that different bytes stay different names', () => {
    const bytes = fixture('hello.ko');
    const at = mapOf(bytes).contents('.strtab');
    const odd = bytes.slice();
    const start = Buffer.from(odd).indexOf('_printk\0', at);
    odd.set([0xc3, 0xa9, 0xff], start);
    expect(readImports(mustRead(odd)).map(({ name }) => name)).toEqual(['\xc3\xa9\xffintk']);
  });
});

describe('relocations', () => {
  const bytes = fixture('relocs.ko');
  const elf = mustRead(bytes);

  it('ELF-16: entries come in file order, addends signed', () => {
    const calls = mustRead(fixture('calls.ko'));
    const { index } = sectionOf(calls, '.rela.text');
    const rela = readRela(calls, index);
    const entries = rows(rela);
    expect(rela).toMatchObject({ section: index, target: sectionOf(calls, '.text').index, count: 14 });
    expect(entries.slice(0, 4).map(({ offset }) => offset)).toEqual([0, 4, 8, 12]);
    expect(entries.slice(0, 5).map(({ type }) => type)).toEqual([283, 283, 283, 282, 283]);
    const names = entries.slice(0, 5).map(({ symbol }) => calls.symbols.name(symbol));
    expect(names).toEqual(['_printk', 'kfree', '_printk', 'kfree', 'other']);
    expect(entries.slice(5, 8).map(({ addend }) => addend)).toEqual([8n, 8n, 0n]);

    const words = readRela(elf, sectionOf(elf, '.rela.data.words').index);
    expect(addendAt(words.view, entryAt(words, 7))).toBe(-0x100);
  });

  it('ELF-16: addends that no double holds are there exactly, and rounded', () => {
    const file = mustRead(fixture('absolute.ko'));
    const rela = readRela(file, sectionOf(file, '.rela.data').index);
    expect(rows(rela).map(({ addend }) => addend)).toEqual([0n, 0n, 0x7edcba9876543211n, -0x20000000000001n]);
    expect(addendAt(rela.view, entryAt(rela, 2))).toBe(Number(0x7edcba9876543211n));
  });

  it('ELF-16: asking for the relocations of a section that has none to give is the caller’s mistake', () => {
    expect(() => readRela(elf, 1)).toThrow(RangeError);
    expect(() => readRela(elf, 999)).toThrow(RangeError);
  });

  it('ELF-12: a relocation may end where its section ends', () => {
    const { size } = sectionOf(elf, '.text');
    const at = mapOf(bytes).rela('.rela.text', 0, 'r_offset');
    const moved = mustRead(write(bytes, at, 8, size - 4));
    expect(rows(readRela(moved, sectionOf(moved, '.rela.text').index))[0]?.offset).toBe(size - 4);
  });
});

describe('imports and exports', () => {
  it('ELF-19: imports are the undefined symbols, weak ones marked', () => {
    const elf = mustRead(fixture('unknown-symbol.ko'));
    const imports = readImports(elf).map(({ name, weak }) => ({ name, weak }));
    expect(imports).toContainEqual({ name: 'perhaps_there', weak: true });
    expect(imports).toContainEqual({ name: 'surely_missing', weak: false });
    expect(imports).toHaveLength(2);
    for (const { symbol, name } of readImports(elf)) expect(elf.symbols.name(symbol)).toBe(name);
  });

  it('ELF-18: exports are those of __ksymtab, then of __ksymtab_gpl, with their namespaces', () => {
    const elf = mustRead(fixture('chain-a.ko'));
    const exports = readExports(elf);
    if (!exports.ok) throw new Error(exports.fault.field);
    expect(exports.value.map(({ name, gplOnly, namespace }) => ({ name, gplOnly, namespace }))).toEqual([
      { name: 'chain_a', gplOnly: false, namespace: '' },
      { name: 'chain_a_data', gplOnly: false, namespace: '' },
      { name: 'chain_a_gpl', gplOnly: true, namespace: '' },
      { name: 'chain_a_private', gplOnly: true, namespace: 'CHAIN' },
    ]);
    for (const { name, symbol, addend } of exports.value) {
      expect(elf.symbols.name(symbol)).toBe(name);
      expect(addend).toBe(0);
    }
    expect(mustRead(fixture('chain-b.ko')).modinfo.get('import_ns')).toEqual(['CHAIN']);
  });

  it('ELF-18: a module without export tables exports nothing', () => {
    expect(readExports(mustRead(fixture('hello.ko')))).toEqual({ ok: true, value: [] });
  });

  it.each([
    ['of part of an entry', 'size', 20, /sh_size$/, /multiple of 12/],
    ['of absolute words', 'type', 257, /entry 0 r_info$/, /type 261/],
    [
      'with a word that has two relocations',
      'offset',
      4,
      /entry 0 r_offset|entry 1 r_offset/,
      /one relocation for each word/,
    ],
    ['with a word between words', 'offset', 2, /entry 0 r_offset$/, /one relocation for each word/],
    ['whose name is beyond the strings', 'addend', 1000, /entry 0 name$/, /below/],
    ['whose name is before the strings', 'addend', -1000, /entry 0 name$/, /below/],
    ['whose name is in no section', 'symbol', 0, /entry 0 name$/, /__ksymtab_strings/],
  ] as const)('ELF-18: an export table %s is refused', (_, what, value, field, expected) => {
    const good = fixture('chain-a.ko');
    const map = mapOf(good);
    const entry = what === 'addend' || what === 'symbol' ? 1 : 0;
    const at = {
      size: map.section('__ksymtab', 'sh_size'),
      type: map.rela('.rela__ksymtab', entry, 'r_type'),
      offset: map.rela('.rela__ksymtab', entry, 'r_offset'),
      addend: map.rela('.rela__ksymtab', entry, 'r_addend'),
      symbol: map.rela('.rela__ksymtab', entry, 'r_sym'),
    }[what];
    const wide = what === 'type' || what === 'symbol' ? 4 : 8;
    let bytes = write(good, at, wide, BigInt.asUintN(64, BigInt(value)));
    // A shorter table would lose the place of its last relocation: take that relocation away too.
    if (what === 'size') bytes = write(bytes, map.section('.rela__ksymtab', 'sh_size'), 8, 5 * 24);
    const result = readExports(mustRead(bytes));
    if (result.ok) throw new Error('accepted');
    expect(result.fault.field).toMatch(field);
    expect(result.fault.expected).toMatch(expected);
    if (what === 'size' || what === 'type') expect(result.fault.offset).toBe(at);
  });

  it('ELF-18: an export with a word that no relocation fills is refused', () => {
    const good = fixture('chain-a.ko');
    const bytes = write(good, mapOf(good).section('.rela__ksymtab', 'sh_size'), 8, 4 * 24);
    expect(readExports(mustRead(bytes))).toMatchObject({ ok: false, fault: { found: 'no relocation' } });
  });
});
