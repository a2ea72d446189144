import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { faultOf } from '../../../daemon/kernel/machine/check.ts';
import { inventedSymbol } from '../../../daemon/kernel/machine/presets.ts';
import { randomFrom } from '../../../daemon/kernel/machine/random.ts';
import { imageOf } from '../../../daemon/kernel/machine/windows.ts';
import { emptyRegion } from '../../../daemon/kernel/region/region.ts';
import { fromHex, type Hex, toHex } from '../../../protocol/address.ts';
import type { MachineProfile } from '../../../protocol/profile.ts';
import { booted, windowOf } from './support.ts';

const MB = 2 ** 20;
const DIRECT = 128 * MB;
const FALLBACK = 2 ** 31;
const seeds = fc.integer({ min: 0, max: 0xffffffff });
const full = { randomizeModuleRegionFull: true };
const pageSizes = fc.constantFrom(4096 as const, 16384 as const, 65536 as const);

describe('KASLR', () => {
  it('KASLR-1: gives the same machine for the same seed, and another for another', () => {
    const one = booted({ preset: 'arm64-6.12', kaslrSeed: 1 });
    expect(booted({ preset: 'arm64-6.12', kaslrSeed: 1 })).toEqual(one);
    expect(one.kaslrSeed).toBe(1);
    expect(booted({ preset: 'arm64-6.12', kaslrSeed: 2 }).kernel).not.toEqual(one.kernel);
  });

  it('KASLR-1: is frozen: what a seed gave once it gives for ever', () => {
    const { kernel, moduleRegion } = booted({ preset: 'arm64-6.12', kaslrSeed: 2026 });
    expect({ kernel, moduleRegion }).toMatchInlineSnapshot(`
      {
        "kernel": {
          "end": "0xffffd8d9e18f0000",
          "etext": "0xffffd8d9e0360000",
          "text": "0xffffd8d9df400000",
        },
        "moduleRegion": {
          "direct": {
            "end": "0xffffd8d9e5994000",
            "start": "0xffffd8d9dd994000",
          },
          "fallback": {
            "end": "0xffffd8da430ad000",
            "start": "0xffffd8d9c30ad000",
          },
        },
      }
    `);
  });

  it('KASLR-1: a machine that was moved boots again as it is', () => {
    const moved = booted({ preset: 'arm64-6.1', kaslrSeed: 7 });
    expect(booted({ profile: moved })).toEqual(moved);
  });

  it.each(['arm64-6.1', 'arm64-6.12', 'arm64-6.12-16k', 'arm64-6.12-64k', 'x86-64-6.1', 'x86-64-6.12'])(
    'KASLR-2: %s stays a sound machine for any seed',
    (preset) => {
      fc.assert(
        fc.property(seeds, (kaslrSeed) => {
          const profile = booted({ preset, kaslrSeed });
          expect(faultOf(profile)).toBeUndefined();
          expect(() => emptyRegion(reserved(profile))).not.toThrow();
        }),
      );
    },
  );

  it('KASLR-2: arm64 moves its image by 2 MB steps into the middle half of the vmalloc range', () => {
    const before = imageOf(booted({ preset: 'arm64-6.12' }));
    const slides = times(400, (kaslrSeed) => imageOf(booted({ preset: 'arm64-6.12', kaslrSeed })).text - before.text);
    for (const slide of slides) expect(Math.abs(slide % (2 * MB))).toBe(0);
    expect(Math.min(...slides)).toBeGreaterThanOrEqual(2 ** 45);
    expect(Math.max(...slides)).toBeLessThan(2 ** 45 + 2 ** 46);
    expect(Math.max(...slides) - Math.min(...slides)).toBeGreaterThan(2 ** 45);
  });

  it('KASLR-2: x86-64 moves its image by 2 MB steps within the first GB', () => {
    const texts = times(400, (kaslrSeed) => imageOf(booted({ preset: 'x86-64-6.12', kaslrSeed })));
    for (const { text, end } of texts) {
      expect(Math.abs(text % (2 * MB))).toBe(0);
      expect(text).toBeGreaterThanOrEqual(-(2 ** 31) + 16 * MB);
      expect(end).toBeLessThanOrEqual(-(2 ** 30));
    }
    expect(new Set(texts.map(({ text }) => text)).size).toBeGreaterThan(200);
  });

  it('KASLR-2: what lies in the image moves with it, and nothing else does', () => {
    const image = (offset: number): Hex => toHex(-0x7ffff8000000 + offset);
    const profile: Partial<MachineProfile> = {
      symbols: { printk: image(0x20000), this_cpu_off: '0x1a000', _end: image(0x2010000) },
      kernel: {
        text: image(0),
        etext: image(0xd00000),
        end: image(0x2010000),
        initFree: [image(0x1000000), image(0x1100000)],
      },
      percpu: { start: image(0x1800000), end: image(0x1802000) },
      returnThunk: { name: 'thunk', address: image(0x30), enabled: true },
      staticCalls: {
        keys: {
          null_key: { address: image(0x1200000), func: '0x0', tramp: image(0x100), literal: image(0x1300000) },
          named: { address: image(0x1200010), func: 'printk', tramp: image(0x110) },
          plain: { address: image(0x1200020), func: image(0x20000), tramp: image(0x120), trampBytes: 'e96b1c20' },
        },
        trampKeys: [[image(0x100), image(0x1200000), 'null_key']],
        vmlinuxSites: [[image(0x400), 'plain', 1, 'e800000000000000']],
      },
    };
    const before = booted({ preset: 'arm64-6.1', profile });
    const after = booted({ preset: 'arm64-6.1', profile, kaslrSeed: 99 });
    const slide = fromHex(after.kernel.text) - fromHex(before.kernel.text);
    const at = (offset: number): Hex => toHex(-0x7ffff8000000 + offset + slide);
    expect(slide).not.toBe(0);
    expect(after.symbols).toEqual({ printk: at(0x20000), this_cpu_off: '0x1a000', _end: at(0x2010000) });
    expect(after.kernel).toEqual({
      text: at(0),
      etext: at(0xd00000),
      end: at(0x2010000),
      initFree: [at(0x1000000), at(0x1100000)],
    });
    expect(after.percpu).toEqual({ start: at(0x1800000), end: at(0x1802000) });
    expect(after.returnThunk).toEqual({ name: 'thunk', address: at(0x30), enabled: true });
    expect(after.staticCalls).toEqual({
      keys: {
        null_key: { address: at(0x1200000), func: '0x0', tramp: at(0x100), literal: at(0x1300000) },
        named: { address: at(0x1200010), func: 'printk', tramp: at(0x110) },
        plain: { address: at(0x1200020), func: at(0x20000), tramp: at(0x120), trampBytes: 'e96b1c20' },
      },
      trampKeys: [[at(0x100), at(0x1200000), 'null_key']],
      vmlinuxSites: [[at(0x400), 'plain', 1, 'e800000000000000']],
    });
    expect(after.reserved).toEqual([[at(0), at(0x2011000)]]);
    expect(inventedSymbol(after, 'kfree') - inventedSymbol(before, 'kfree')).toBe(slide);
  });

  it("KASLR-3: 6.1 starts both windows at one page, with the image's code inside", () => {
    fc.assert(
      fc.property(seeds, pageSizes, (kaslrSeed, pageSize) => {
        const profile = booted({
          preset: 'arm64-6.1',
          profile: { pageSize, randomizeModuleRegionFull: false },
          kaslrSeed,
        });
        const { text, etext } = imageOf(profile);
        const [direct, fallback] = [windowOf(profile.moduleRegion.direct), windowOf(profile.moduleRegion.fallback)];
        expect(direct.start).toBe(fallback.start);
        expect([direct.size, fallback.size]).toEqual([DIRECT, FALLBACK]);
        expect(Math.abs(direct.start % pageSize)).toBe(0);
        expect(direct.start).toBeLessThanOrEqual(text);
        expect(direct.end).toBeGreaterThanOrEqual(etext - pageSize);
      }),
    );
  });

  it('KASLR-3: 6.1 with the full range starts them anywhere within 2 GB of the image', () => {
    const starts = times(400, (kaslrSeed) => {
      const profile = booted({ preset: 'arm64-6.1', profile: full, kaslrSeed });
      const { text, end } = imageOf(profile);
      const [direct, fallback] = [windowOf(profile.moduleRegion.direct), windowOf(profile.moduleRegion.fallback)];
      expect(direct.start).toBe(fallback.start);
      expect([direct.size, fallback.size]).toEqual([DIRECT, FALLBACK]);
      expect(direct.start).toBeGreaterThanOrEqual(end - FALLBACK - 4096);
      expect(direct.start).toBeLessThanOrEqual(text);
      return text - direct.start;
    });
    expect(Math.max(...starts) - Math.min(...starts)).toBeGreaterThan(FALLBACK / 2);
  });

  it('KASLR-4: 6.12 draws a 128 MB box around the image and a 2 GB box around that', () => {
    fc.assert(
      fc.property(seeds, pageSizes, (kaslrSeed, pageSize) => {
        const profile = booted({ preset: 'arm64-6.12', profile: { pageSize }, kaslrSeed });
        const { text, end } = imageOf(profile);
        const [direct, fallback] = [windowOf(profile.moduleRegion.direct), windowOf(profile.moduleRegion.fallback)];
        expect([direct.size, fallback.size]).toEqual([DIRECT, FALLBACK]);
        expect(direct.start).toBeLessThanOrEqual(text);
        expect(direct.end).toBeGreaterThanOrEqual(end);
        expect(fallback.start).toBeLessThanOrEqual(direct.start);
        expect(fallback.end).toBeGreaterThanOrEqual(direct.end);
        expect(Math.abs(direct.start % pageSize)).toBe(0);
        expect(Math.abs(fallback.start % pageSize)).toBe(0);
      }),
    );
  });

  it('KASLR-4: 6.12 with the full range has no direct window', () => {
    const profile = booted({ preset: 'arm64-6.12', profile: full, kaslrSeed: 5 });
    expect(profile.moduleRegion.direct).toBeNull();
    const { text, end } = imageOf(profile);
    const fallback = windowOf(profile.moduleRegion.fallback);
    expect(fallback.size).toBe(FALLBACK);
    expect(fallback.start <= text && end <= fallback.end).toBe(true);
    expect(windowOf(booted({ preset: 'arm64-6.12', profile: full }).moduleRegion.direct).size).toBe(DIRECT);
  });

  it('KASLR-5: x86-64 starts its window 1 to 1024 pages later', () => {
    const pages = times(400, (kaslrSeed) => {
      const window = windowOf(booted({ preset: 'x86-64-6.1', kaslrSeed }).moduleRegion.direct);
      expect(window.end).toBe(-(2 ** 24));
      return (window.start + 2 ** 30) / 4096;
    });
    expect(pages.every((count) => Number.isInteger(count) && count >= 1 && count <= 1024)).toBe(true);
    expect(Math.max(...pages) - Math.min(...pages)).toBeGreaterThan(512);
  });

  it('KASLR-6: places the areas of others again, lowest first, in their old order', () => {
    const profile: Partial<MachineProfile> = {
      reserved: [
        ['0xffffffffc0201000', '0xffffffffc0203000'],
        ['0xffffffffc0000000', '0xffffffffc0200000'],
      ],
    };
    const moved = booted({ preset: 'x86-64-6.1', profile, kaslrSeed: 3 });
    const { start } = windowOf(moved.moduleRegion.direct);
    expect(moved.reserved).toEqual([
      [toHex(start), toHex(start + 0x200000)],
      [toHex(start + 0x200000), toHex(start + 0x202000)],
    ]);
  });

  it('KASLR-2: a window that a profile does not have stays away', () => {
    const { moduleRegion } = booted({ preset: 'arm64-6.1' });
    const profile = { moduleRegion: { ...moduleRegion, fallback: null } };
    expect(booted({ preset: 'arm64-6.1', profile, kaslrSeed: 3 }).moduleRegion.fallback).toBeNull();
  });
});

describe("the machine's randomness", () => {
  it('KASLR-1: stays below its bound, for any seed', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 2 ** 32 }), (seed, bound) => {
        const random = randomFrom(seed);
        for (let draw = 0; draw < 20; draw++) {
          const value = random(bound);
          expect(Number.isInteger(value) && value >= 0 && value < bound).toBe(true);
        }
      }),
    );
  });

  it('KASLR-1: spreads evenly over its range', () => {
    const random = randomFrom(0);
    const counts = new Array<number>(16).fill(0);
    for (let draw = 0; draw < 16_000; draw++) {
      const bin = random(16);
      counts[bin] = (counts[bin] ?? 0) + 1;
    }
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });
});

function reserved(profile: MachineProfile): readonly (readonly [number, number])[] {
  return profile.reserved.map(([start, end]) => [fromHex(start), fromHex(end)]);
}

function times<T>(count: number, of: (seed: number) => T): readonly T[] {
  return Array.from({ length: count }, (_, seed) => of(seed));
}
