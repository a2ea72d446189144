import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { percpuChunk, percpuFit } from '../../../daemon/kernel/machine/percpu.ts';
import { inventedSymbol } from '../../../daemon/kernel/machine/presets.ts';
import { imageOf } from '../../../daemon/kernel/machine/windows.ts';
import { booted } from './support.ts';

const PAGE = 4096;

describe('per-CPU areas of modules', () => {
  it("BOOT-8: lie in the profile's range, else at the end of the image", () => {
    const arm64 = booted({ preset: 'arm64-6.1' });
    const { end } = imageOf(arm64);
    expect(percpuChunk(arm64)).toEqual({ start: end - 65536, end });
    expect(percpuChunk({ ...arm64, percpu: { start: '0x1000', end: '0x3000' } })).toEqual({
      start: 0x1000,
      end: 0x3000,
    });
    expect(percpuChunk(booted({ preset: 'x86-64-6.12' }))).toEqual({ start: 0x30000, end: 0x40000 });
  });

  it('BOOT-8: take the lowest fit, in units of 4 bytes, as recorded kernels show', () => {
    // Recorded (arm64-near): 8, 4, 4 and more bytes at …84a8, …84b0, …84b4, …84b8.
    const chunk = { start: -0x7ffff67e7b58, end: -0x7ffff67e6000 };
    const taken: [number, number][] = [];
    for (const size of [8, 4, 1, 88]) {
      const start = percpuFit(chunk, taken, size, size === 1 ? 1 : 4, PAGE);
      if (start === undefined) throw new Error('no room');
      taken.push([start, start + size]);
    }
    expect(taken.map(([start]) => start - chunk.start)).toEqual([0, 8, 12, 16]);
  });

  it('BOOT-8: cut an alignment beyond a page down to a page', () => {
    const chunk = { start: 0x1010, end: 0x9000 };
    expect(percpuFit(chunk, [], 8, 1 << 20, PAGE)).toBe(0x2000);
    expect(percpuFit(chunk, [], 8, 64, PAGE)).toBe(0x1040);
  });

  it('BOOT-8: have no room where the chunk is full', () => {
    expect(percpuFit({ start: 0, end: 64 }, [[0, 60]], 8, 4, PAGE)).toBeUndefined();
    expect(percpuFit({ start: 0, end: 64 }, [[0, 60]], 4, 4, PAGE)).toBe(60);
    expect(percpuFit({ start: 0, end: 64 }, [], 65, 4, PAGE)).toBeUndefined();
  });

  it('BOOT-8: never overlap, whatever else is taken', () => {
    const area = fc.tuple(fc.integer({ min: 0, max: 900 }), fc.integer({ min: 1, max: 60 }));
    fc.assert(
      fc.property(fc.array(area, { maxLength: 20 }), fc.integer({ min: 1, max: 100 }), (areas, size) => {
        const taken = areas.map(([start, length]) => [start, start + length] as const).sort(([a], [b]) => a - b);
        const start = percpuFit({ start: 100, end: 800 }, taken, size, 8, PAGE);
        const free = (at: number) => taken.every(([from, to]) => to <= at || from >= at + size);
        const expected = Array.from({ length: 88 }, (_, i) => 104 + 8 * i).find((at) => at + size <= 800 && free(at));
        expect(start).toBe(expected);
      }),
    );
  });
});

describe('an invented symbol', () => {
  it('BOOT-7: lies in the text, 16-byte aligned, by its name alone', () => {
    const profile = booted({ preset: 'arm64-6.12' });
    const { text, etext } = imageOf(profile);
    fc.assert(
      fc.property(fc.string(), (name) => {
        const address = inventedSymbol(profile, name);
        expect(address).toBe(inventedSymbol(profile, name));
        expect(address >= text && address < etext && Math.abs(address % 16) === 0).toBe(true);
      }),
    );
  });

  it('BOOT-7: is rarely where another is', () => {
    const profile = booted({ preset: 'arm64-6.1' });
    const names = Array.from({ length: 5000 }, (_, i) => `symbol_${i}`);
    expect(new Set(names.map((name) => inventedSymbol(profile, name))).size).toBeGreaterThan(4950);
  });

  it('BOOT-7: lies in a text of one byte too', () => {
    const kernel = { text: '0x10', etext: '0x11', end: '0x20' } as const;
    expect(inventedSymbol({ kernel }, 'printk')).toBe(16);
  });
});
