import fc from 'fast-check';
import { expect, it } from 'vitest';
import { axisOf, commitAt, shareOf } from '../../../clients/web/time/axis.ts';

const axes = fc
  .tuple(fc.nat({ max: 1_000_000 }), fc.integer({ min: 1, max: 1_000_000 }))
  .map(([from, commits]) => ({ from, to: from + commits }));

it('PAGE-130: each commit has a place on the rail, and the place is that of the commit', () => {
  fc.assert(
    fc.property(axes, fc.double({ min: 0, max: 1, noNaN: true }), (axis, share) => {
      const commit = commitAt(axis, share);
      expect(commit).toBeGreaterThanOrEqual(axis.from);
      expect(commit).toBeLessThanOrEqual(axis.to);
      expect(commitAt(axis, shareOf(axis, commit))).toBe(commit);
    }),
  );
});

it('PAGE-130: beyond the ends is the end', () => {
  const axis = { from: 10, to: 20 };
  expect([commitAt(axis, -3), commitAt(axis, 7), shareOf(axis, 3), shareOf(axis, 99)]).toEqual([10, 20, 0, 1]);
  expect(shareOf({ from: 5, to: 5 }, 5)).toBe(1);
});

it('PAGE-151: while commits come the axis stands still, until the history lacks a tenth of what it has', () => {
  const history = { first: 11, position: { commit: 1010 } };
  expect(axisOf(history, 1110)).toEqual({ from: 10, to: 1010 });
  expect(axisOf(history, 1111)).toEqual({ from: 10, to: 1111 });
  expect(axisOf(history, 500)).toEqual({ from: 10, to: 1010 });
  expect(axisOf(null, 7)).toEqual({ from: 0, to: 7 });
});
