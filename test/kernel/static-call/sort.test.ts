import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kernelSort } from '../../../daemon/kernel/static-call/sort.ts';
import { LAYOUTS } from '../loader/machine.ts';

/** The order in which the kernel's own code, compiled from lib/sort.c, gave these keys back. */
const VECTORS = [
  {
    keys: [8, 13, 13, 10, 14, 6, 10, 4, 6, 14, 12, 9],
    'linux-6.1': [7, 5, 8, 0, 11, 6, 3, 10, 2, 1, 9, 4],
    'linux-6.12': [7, 5, 8, 0, 11, 3, 6, 10, 1, 2, 9, 4],
  },
  {
    keys: [10, 1, 3, 3, 1, 8, 4, 7, 11, 10, 0, 0, 1, 3, 15, 9, 0, 7, 2],
    'linux-6.1': [10, 11, 16, 12, 4, 1, 18, 2, 3, 13, 6, 17, 7, 5, 15, 0, 9, 8, 14],
    'linux-6.12': [11, 10, 16, 1, 4, 12, 18, 2, 3, 13, 6, 7, 17, 5, 15, 9, 0, 8, 14],
  },
] as const;

describe.each(LAYOUTS)('sort of %s', (layout) => {
  const sorted = (keys: readonly number[]) => {
    const items = keys.map((key, i) => ({ key, i }));
    kernelSort(layout, items, (a, b) => a.key - b.key);
    return items;
  };

  it('SC-1: brings equal keys into the order that the compiled kernel code gives', () => {
    for (const vector of VECTORS) expect(sorted(vector.keys).map(({ i }) => i)).toEqual(vector[layout]);
  });

  it('SC-1: sorts whatever it is given, and loses nothing', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20), { maxLength: 200 }), (keys) => {
        const items = sorted(keys);
        expect(items.map(({ key }) => key)).toEqual([...keys].sort((a, b) => a - b));
        expect(new Set(items.map(({ i }) => i)).size).toBe(keys.length);
      }),
    );
  });
});
