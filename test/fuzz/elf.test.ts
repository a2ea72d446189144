import { describe, expect, it } from 'vitest';
import { SHF_COMPRESSED, SHT_RELA } from '../../daemon/kernel/elf/constants.ts';
import { readExports } from '../../daemon/kernel/elf/exports.ts';
import { readImports } from '../../daemon/kernel/elf/imports.ts';
import { readElf } from '../../daemon/kernel/elf/read.ts';
import { entryAt, offsetAt, readRela, symbolAt } from '../../daemon/kernel/elf/rela.ts';
import { ARM64, fixture, fixtureNames, machineOf } from '../fixtures/fixtures.ts';
import { fuzz, type Outcome } from './fuzz.ts';

const corpus = fixtureNames()
  .filter((file) => machineOf(file) === ARM64)
  .map(fixture);

/** Everything that the reader offers, and that what it hands out keeps its promises. */
function readAll(bytes: Uint8Array): Outcome {
  const result = readElf(bytes, ARM64);
  if (!result.ok) return result;
  const { elf } = result;
  const { symbols, sections } = elf;
  for (const section of sections) {
    if (section.type !== SHT_RELA) continue;
    const rela = readRela(elf, section.index);
    const targeted = sections[rela.target];
    // Offsets into what is compressed are not offsets into its bytes.
    if (targeted === undefined || (targeted.flags & SHF_COMPRESSED) !== 0) continue;
    for (let i = 0; i < rela.count; i++) {
      const at = entryAt(rela, i);
      if (symbolAt(rela.view, at) >= symbols.count) throw new Error(`section ${section.index} entry ${i}: symbol`);
      if (offsetAt(rela.view, at) > targeted.size) throw new Error(`section ${section.index} entry ${i}: offset`);
    }
  }
  for (let i = 0; i < symbols.count; i++) {
    if (symbols.name(i).length !== symbols.nameLength(i)) throw new Error(`symbol ${i}: name`);
  }
  if (readImports(elf).some(({ symbol }) => symbol === 0)) throw new Error('symbol 0 is an import');
  const exports = readExports(elf);
  return exports.ok ? { ok: true } : exports;
}

describe('fuzzing', () => {
  it('ELF-26: whatever bytes it is given, the reader answers with a module or with a fault in four parts', () => {
    const { accepted, refused, fields } = fuzz(corpus, readAll);
    console.log(`fuzz: ${accepted} accepted, ${refused} refused, ${fields.size} kinds of fault`);
    // The inputs are worth something only if they get past the first checks, and meet many of them.
    expect(accepted).toBeGreaterThan(refused / 20);
    expect(fields.size).toBeGreaterThan(30);
  }, 110_000);
});
