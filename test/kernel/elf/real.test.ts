import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SHT_RELA } from '../../../daemon/kernel/elf/constants.ts';
import { readExports } from '../../../daemon/kernel/elf/exports.ts';
import { readImports } from '../../../daemon/kernel/elf/imports.ts';
import { readElf } from '../../../daemon/kernel/elf/read.ts';
import { readRela } from '../../../daemon/kernel/elf/rela.ts';
import type { ElfModule } from '../../../daemon/kernel/elf/types.ts';
import { decompressModule } from '../../../daemon/modules/decompress.ts';
import { fixture, fixtureNames, fixturePath, machineOf } from '../../fixtures/fixtures.ts';
import { rows } from '../arch/arm64/module.ts';
import { mustRead } from './edit.ts';

const READELF = 'aarch64-linux-gnu-readelf';
const hasReadelf = spawnSync(READELF, ['--version']).error === undefined;
if (!hasReadelf) console.warn(`SKIPPED ELF-20, comparison with binutils: no ${READELF}`);

const TRUTH = new URL('../../../../shared/truth/', import.meta.url).pathname;
const ARCHIVES = ['modules-arm64', 'modules-arm64-6.12-4k', 'modules-x86-64', 'modules-x86-64-6.12'];
const present = ARCHIVES.filter((archive) => existsSync(join(TRUTH, `${archive}.tar.xz`)));
if (present.length < ARCHIVES.length) {
  console.warn(
    `SKIPPED ELF-20, real modules: no ${ARCHIVES.filter((a) => !present.includes(a)).join(', ')} in ${TRUTH}`,
  );
}

/** What readelf says of symbols and relocations, in our words. */
function byReadelf(path: string): { readonly symbols: readonly string[]; readonly relocations: readonly string[] } {
  const text = execFileSync(READELF, ['-sW', '-rW', path], { encoding: 'latin1', maxBuffer: 1 << 30 });
  const symbols: string[] = [];
  const relocations: string[] = [];
  for (const line of text.split('\n')) {
    const symbol = /^ +(\d+): ([0-9a-f]{16}) .* (UND|ABS|COM|\d+)(?: (.*))?$/.exec(line);
    if (symbol !== null) symbols.push(`${symbol[1]} ${symbol[2]} ${symbol[3]}`);
    const rela = /^([0-9a-f]{16}) {2}([0-9a-f]{8})([0-9a-f]{8}) /.exec(line);
    if (rela !== null) relocations.push(`${rela[1]} ${rela[2]} ${rela[3]}`);
  }
  return { symbols, relocations };
}

const digits = (value: number, length: number): string => value.toString(16).padStart(length, '0');

function byUs(elf: ElfModule): { readonly symbols: readonly string[]; readonly relocations: readonly string[] } {
  const { symbols, sections } = elf;
  const special = new Map([
    [0, 'UND'],
    [0xfff1, 'ABS'],
    [0xfff2, 'COM'],
  ]);
  const symbolLines = Array.from({ length: symbols.count }, (_, i) => {
    const value = digits(symbols.valueHigh(i) >>> 0, 8) + digits(symbols.valueLow(i), 8);
    const shndx = symbols.shndx[i] ?? 0;
    return `${i} ${value} ${special.get(shndx) ?? shndx}`;
  });
  const relocations = sections.flatMap((section) => {
    if (section.type !== SHT_RELA) return [];
    return rows(readRela(elf, section.index)).map(
      ({ offset, symbol, type }) => `${digits(offset, 16)} ${digits(symbol, 8)} ${digits(type, 8)}`,
    );
  });
  return { symbols: symbolLines, relocations };
}

/** Names that a module exports, as its `__ksymtab_NAME` symbols have them. */
const exportedSymbols = (elf: ElfModule): readonly string[] =>
  Array.from({ length: elf.symbols.count }, (_, i) => elf.symbols.name(i))
    .filter((name) => name.startsWith('__ksymtab_'))
    .map((name) => name.slice('__ksymtab_'.length))
    .sort();

describe.skipIf(!hasReadelf)('fixtures as binutils reads them', () => {
  it.each(fixtureNames())('ELF-20: %s has the symbols and relocations that readelf finds', (file) => {
    expect(byUs(mustRead(fixture(file), machineOf(file)))).toEqual(byReadelf(fixturePath(file)));
  });
});

describe.each(present)('%s', (archive) => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'veneerd-elf-'));
    execFileSync('tar', ['-xJf', join(TRUTH, `${archive}.tar.xz`), '-C', folder]);
  }, 120_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('ELF-20: every module reads, and exports what its symbols say', async () => {
    const machine = archive.includes('arm64') ? 183 : 62;
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
      /\.ko(\.xz)?$/.test(file),
    );
    expect(files.length).toBeGreaterThan(50);
    for (const file of files) {
      const bytes = await decompressModule(new Uint8Array(readFileSync(join(folder, file))), { name: file });
      const result = readElf(bytes, machine);
      expect(result, file).toMatchObject({ ok: true });
      if (!result.ok) continue;
      const exports = readExports(result.elf);
      expect(exports, file).toMatchObject({ ok: true });
      if (exports.ok) expect(exports.value.map(({ name }) => name).sort(), file).toEqual(exportedSymbols(result.elf));
      expect(readImports(result.elf), file).not.toContainEqual(expect.objectContaining({ name: '' }));
    }
  }, 120_000);

  it.skipIf(!hasReadelf)(
    'ELF-20: a sample has the symbols and relocations that readelf finds',
    () => {
      const machine = archive.includes('arm64') ? 183 : 62;
      const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ko'));
      for (const file of files.filter((_, i) => i % 20 === 0)) {
        const path = join(folder, file);
        expect(byUs(mustRead(new Uint8Array(readFileSync(path)), machine)), file).toEqual(byReadelf(path));
      }
    },
    120_000,
  );
});
