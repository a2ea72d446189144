import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { around, between, fitted, panned, SMALLEST, shown, zoomed } from '../../../clients/web/space/zoom.ts';

const WORLD = { start: -0x7fffff300000, end: -0x7fffff300000 + 2 ** 31 };
const ALL = WORLD.end - WORLD.start;

const address = fc.integer({ min: WORLD.start, max: WORLD.end });
const size = fc.integer({ min: 0, max: 2 ** 31 });
const span = fc.oneof(
  fc.constant(null),
  fc.tuple(address, size).map(([start, bytes]) => fitted(start, bytes, WORLD)),
);

describe('the viewport', () => {
  it('PAGE-2: is in whole bytes, holds 32 of them at least, and is never outside, whatever moves it', () => {
    fc.assert(
      fc.property(
        span,
        address,
        address,
        fc.double({ min: 0.001, max: 100, noNaN: true }),
        (from, one, other, factor) => {
          const moved = [
            zoomed(from, WORLD, one, factor),
            panned(from, WORLD, one - other),
            between(one, other, WORLD),
            around({ start: Math.min(one, other), end: Math.max(one, other) + 1 }, WORLD),
          ];
          for (const next of moved) {
            const { start, end } = shown(next, WORLD);
            expect(Number.isInteger(start) && Number.isInteger(end)).toBe(true);
            expect(end - start).toBeGreaterThanOrEqual(SMALLEST);
            expect(start).toBeGreaterThanOrEqual(WORLD.start);
            expect(end).toBeLessThanOrEqual(WORLD.end);
          }
        },
      ),
    );
  });

  it('PAGE-2: zooming keeps what is under the pointer where it is, to a byte, as long as no edge is in the way', () => {
    const from = { start: WORLD.start + ALL / 2, end: WORLD.start + ALL / 2 + 2 ** 20 };
    for (const share of [0, 0.25, 0.5, 1]) {
      const at = from.start + share * 2 ** 20;
      for (const factor of [0.5, 0.9, 1.7, 8]) {
        const { start, end } = shown(zoomed(from, WORLD, at, factor), WORLD);
        expect(end - start).toBe(Math.round(2 ** 20 * factor));
        expect(Math.abs(start + share * (end - start) - at)).toBeLessThanOrEqual(1);
      }
    }
  });

  it('PAGE-2: what would be larger than all there is, is all there is', () => {
    expect(zoomed({ start: WORLD.start, end: WORLD.start + ALL / 2 }, WORLD, WORLD.start, 2)).toBeNull();
    expect(around(WORLD, WORLD)).toBeNull();
    expect(panned(null, WORLD, 4096)).toBeNull();
  });
});
