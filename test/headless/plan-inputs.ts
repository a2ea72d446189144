/** Inputs of plans for tests: fixtures of the repository on machines whose windows others leave little of. */
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import fc from 'fast-check';
import type { PlanInput, PlanModule } from '../../daemon/headless/plan/input.ts';
import { toHex } from '../../protocol/address.ts';
import type { MachineProfile } from '../../protocol/profile.ts';
import { fixture, fixturePath } from '../fixtures/fixtures.ts';

export function planModule(file: string): PlanModule {
  const bytes = fixture(file);
  return { file, bytes, sha256: createHash('sha256').update(bytes).digest('hex') };
}

const ALL = readdirSync(fixturePath('.')).filter((file) => file.endsWith('.ko'));
export const ARM64 = ALL.filter((file) => !file.startsWith('x86-64-'));
export const X86 = ALL.filter((file) => file.startsWith('x86-64-'));
/** What the kernel loads in this order: as many as make a window full. */
export const GOOD = ['chain-a', 'chain-b', 'chain-c', 'hello', 'calls', 'relocs', 'sections', 'compiled'].map(
  (name) => `${name}.ko`,
);

const PAGE = 4096;
const TEXT = -0x7ffff8000000;
const KERNEL = { text: toHex(TEXT), etext: toHex(TEXT + 0x80_0000), end: toHex(TEXT + 0x100_0000) };
const DIRECT = { start: TEXT + 0x80_0000 - 2 ** 27, end: TEXT + 0x80_0000 };
/** Where the image and its guard page end. */
const SECOND = TEXT + 0x100_1000;

/**
 * An arm64 machine of 6.1 where others leave `pages` of the direct window, and in the fallback window, if there is one, as
 * many as `more` says. KASLR leaves more, some other number at every seed.
 */
export function crowded(
  pages: number,
  more: number | null,
  facts: Partial<MachineProfile> = {},
): Partial<MachineProfile> {
  const image: MachineProfile['reserved'][number] = [KERNEL.text, toHex(SECOND)];
  const end = DIRECT.start + 2 ** 31;
  const others = [
    ...pieces(DIRECT.start, TEXT - pages * PAGE, 2 ** 16),
    ...(more === null ? [] : pieces(SECOND, end - more * PAGE, 2 ** 22)),
  ];
  return {
    arch: 'arm64',
    layout: 'linux-6.1',
    kernel: KERNEL,
    openSymbols: true,
    symbols: {},
    moduleRegion: {
      direct: { start: toHex(DIRECT.start), end: toHex(DIRECT.end) },
      fallback: more === null ? null : { start: toHex(DIRECT.start), end: toHex(end) },
    },
    reserved: [image, ...others],
    ...facts,
  };
}

/** Many areas side by side: how many of them KASLR finds room for again differs from seed to seed. */
function pieces(start: number, end: number, size: number): MachineProfile['reserved'] {
  const areas: MachineProfile['reserved'] = [];
  for (let at = start; at < end; at += size) areas.push([toHex(at), toHex(Math.min(end, at + size))]);
  return areas;
}

/** Any order of modules, good and bad, some of them twice, on machines of every kind. */
export const inputs: fc.Arbitrary<PlanInput> = fc
  .record({
    x86: fc.boolean(),
    layout: fc.constantFrom('linux-6.1', 'linux-6.12'),
    erratum: fc.boolean(),
    kallsymsAll: fc.boolean(),
    full: fc.boolean(),
    tramp: fc.boolean(),
    pages: fc.integer({ min: 0, max: 60 }),
    more: fc.option(fc.integer({ min: 0, max: 400 })),
    modules: fc.array(fc.nat(), { minLength: 1, maxLength: 24 }),
    bad: fc.boolean(),
  })
  .map(({ x86, layout, erratum, kallsymsAll, full, tramp, pages, more, modules, bad }) => {
    const choice = x86 ? X86 : bad ? ARM64 : GOOD;
    const facts: Partial<MachineProfile> = {
      layout,
      kallsymsAll,
      randomizeModuleRegionFull: full,
      ...(erratum && { errata: ['843419'] }),
      ...(tramp && staticCalls()),
    };
    const boot = x86 ? { preset: `x86-64-${layout.slice(6)}` } : { profile: crowded(pages, more, facts) };
    return { boot, modules: modules.map((n) => planModule(choice[n % choice.length] as string)) };
  });

/** A function that modules call is a static call. */
function staticCalls(): Partial<MachineProfile> {
  const key = {
    symbol: '_printk',
    func: toHex(TEXT + 0x1000),
    tramp: toHex(TEXT + 0x2000),
    address: toHex(TEXT + 0x90_0000),
  };
  return { staticCall: 'out-of-line', staticCalls: { keys: { printk: key } } };
}
