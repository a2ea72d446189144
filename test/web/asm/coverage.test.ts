/** How many instructions of real modules have a sentence of their own: those of the fixtures, and of running kernels where they are at hand. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Arch, type CodeLine, explain, tokens } from '../../../clients/web/asm/index.ts';
import { toHex } from '../../../protocol/address.ts';
import { fixture, fixtureNames } from '../../fixtures/fixtures.ts';
import { hasBinutils, objdump as objdumpA64 } from '../../kernel/arch/arm64/binutils.ts';
import { hasObjdump, objdump as objdumpX86 } from '../../kernel/arch/x86-64/objdump.ts';
import { hasTruth, modulesOf, recordings } from '../../support/truth.ts';
import { BASE, codeOf, lines } from './lines.ts';

const ENOUGH = 0.97;
const ARCHS = ['arm64', 'x86-64'] as const;

/** Of every so many modules one: a module has thousands of instructions. */
const STRIDE = 25;

const isCode = ({ text }: CodeLine): boolean => !/^\.|\(bad\)/.test(text);

const fixtureCode = (arch: Arch): Uint8Array[] => fixtureNames().flatMap((file) => codeOf(fixture(file), arch));

/** Mnemonics without a sentence, and the share of instructions that have one. Bytes that are no instruction don't count. */
function judged(arch: Arch, code: readonly CodeLine[]): { share: number; unknown: readonly string[] } {
  const instructions = code.filter(isCode);
  const unknown = instructions
    .filter((line) => !explain(arch, line).specific)
    .map(({ text }) => text.split(' ')[0] ?? '');
  return { share: 1 - unknown.length / instructions.length, unknown: [...new Set(unknown)].slice(0, 20) };
}

function expectMost(what: string, arch: Arch, code: readonly CodeLine[]): void {
  const { share, unknown } = judged(arch, code);
  console.log(`${what}: ${code.filter(isCode).length} instructions, ${(share * 100).toFixed(2)} % have a sentence`);
  expect({ most: share > ENOUGH, unknown: share > ENOUGH ? [] : unknown }).toEqual({ most: true, unknown: [] });
}

/** Bad words that a template with a hole in it leaves in a sentence. */
const HOLE = /\bundefined$|undefined[,;]|NaN|[{}[\]%$#]| {2}|\bbecomes $/;

describe('the share of explained instructions', () => {
  it.each(ARCHS)('PAGE-103: of %s is above 97 percent in the fixtures, as the daemon tells them', async (arch) => {
    const code = (await Promise.all(fixtureCode(arch).map((bytes) => lines(arch, bytes)))).flat();
    expectMost(`fixtures of ${arch}`, arch, code);
  });

  it.skipIf(!hasBinutils)('PAGE-103: of arm64 is above 97 percent in the fixtures, as objdump tells them', () => {
    const words = fixtureCode('arm64').flatMap((bytes) => {
      const view = new DataView(bytes.buffer);
      return Array.from({ length: bytes.length >> 2 }, (_, i) => view.getUint32(i * 4, true));
    });
    const told = objdumpA64(words, BigInt(BASE), true).map((text, i) => ({
      address: toHex(BASE + i * 4),
      bytes: '00000000',
      text: text
        .replace(/\s*\/\/.*| <.*>/g, '')
        .replace(/\s+/g, ' ')
        .trim(),
    }));
    expectMost('fixtures of arm64, by objdump', 'arm64', told);
  });

  it.skipIf(!hasObjdump)('PAGE-103: of x86-64 is above 97 percent in the fixtures, as objdump tells them', () => {
    const told = fixtureCode('x86-64').flatMap((code) =>
      objdumpX86(code, BigInt(BASE)).map(({ at, bytes, text }) => ({
        address: toHex(BASE + at),
        bytes,
        text: text.replace(/\s*#.*| <.*>/g, ''),
      })),
    );
    expectMost('fixtures of x86-64, by objdump', 'x86-64', told);
  });
});

describe.skipIf(!hasTruth('explanations of real modules'))('modules of running kernels', () => {
  it.each(ARCHS)(
    'PAGE-103: of %s are explained, more than 97 percent of their instructions, with no hole in a sentence',
    async (arch) => {
      const folders = new Set<string>();
      // One after the other: several recordings share an archive.
      for (const recording of recordings())
        if (recording.machine.arch === arch) folders.add(await modulesOf(recording));
      const files = [...folders].flatMap((folder) =>
        readdirSync(folder, { recursive: true, encoding: 'utf8' })
          .filter((file) => file.endsWith('.ko'))
          .sort()
          .map((file) => join(folder, file)),
      );
      const some = files.filter((_, at) => at % STRIDE === 0);
      const code: CodeLine[] = [];
      for (const file of some)
        for (const bytes of codeOf(readFileSync(file), arch)) code.push(...(await lines(arch, bytes)));
      expectMost(`${some.length} modules of running ${arch}`, arch, code);
      const holes = code
        .map((line) => `${line.text} => ${explain(arch, line).sentence}`)
        .filter((said) => HOLE.test(said.split(' => ')[1] ?? ''));
      expect(holes.slice(0, 5)).toEqual([]);
      const cut = code.filter(
        ({ text }) =>
          tokens(text)
            .map((token) => token.text)
            .join('') !== text,
      );
      expect(cut).toEqual([]);
    },
  );
});
