import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Drawn, type Jump, LANES, layOut } from '../../../clients/web/inspector/gutter.ts';

const jumps = fc.array(
  fc.record({ from: fc.nat(40), to: fc.nat(40) }).filter(({ from, to }): boolean => from !== to),
  { maxLength: 30 },
);

const rows = ({ from, to }: Jump): readonly [first: number, last: number] => [Math.min(from, to), Math.max(from, to)];

function apart(a: Drawn, b: Drawn): boolean {
  const [[a0, a1], [b0, b1]] = [rows(a), rows(b)];
  return a1 < b0 || b1 < a0;
}

it('PAGE-53: lines of one lane keep apart unless they lead to one row, which gives them one colour', () => {
  fc.assert(
    fc.property(jumps, (given) => {
      const drawn = layOut(given);
      for (const [index, a] of drawn.entries()) {
        expect(a.lane).toBeLessThan(LANES);
        for (const b of drawn.slice(index + 1)) {
          if (a.to === b.to) expect(a.colour).toBe(b.colour);
          else if (a.lane === b.lane) expect(apart(a, b)).toBe(true);
        }
      }
    }),
  );
});

it('PAGE-53: every line is drawn where there are lanes enough, the short one nearest to the code', () => {
  const [inner, outer] = [
    { from: 3, to: 5 },
    { from: 1, to: 9 },
  ];
  expect(layOut([outer, inner])).toEqual([
    { ...inner, lane: 0, colour: 0 },
    { ...outer, lane: 1, colour: 1 },
  ]);
  fc.assert(
    fc.property(jumps, (given) => {
      const few = given.slice(0, LANES);
      expect(layOut(few)).toHaveLength(few.length);
    }),
  );
});
