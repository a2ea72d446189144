import fc from 'fast-check';
import { expect, it } from 'vitest';
import { openCounterparts } from '../../../clients/web/actions/counterpart.ts';

type Line = 'both' | 'a' | 'b';

const side = (number: number) => ({ number, id: `c${number}`, type: 'load', what: '' });

function taken(lines: readonly Line[]) {
  const counterparts = openCounterparts();
  const ends = { a: 0, b: 0 };
  /** After each line, how far both are. */
  const places = lines.map((line) => {
    if (line !== 'b') ends.a++;
    if (line !== 'a') ends.b++;
    counterparts.take({ a: line === 'b' ? null : side(ends.a), b: line === 'a' ? null : side(ends.b) });
    return { ...ends };
  });
  return { counterparts, places, ends };
}

it('PAGE-71: what b lacks leaves it where it was, what a lacks belongs to the commit before it', () => {
  const { counterparts } = taken(['both', 'a', 'a', 'both', 'b', 'both']);
  expect([0, 1, 2, 3, 4, 5].map(counterparts.ofA)).toEqual([0, 1, 1, 1, 3, 4]);
  expect([0, 1, 2, 3, 4].map(counterparts.ofB)).toEqual([0, 3, 4, 4, 5]);
});

it('PAGE-71: after any comparison a commit of one stands beside what the other had done by then, and beyond it they go on in step', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom<Line>('both', 'a', 'b'), { maxLength: 60 }), (lines) => {
      const { counterparts, places, ends } = taken(lines);
      for (let commit = 1; commit <= ends.a; commit++) {
        expect(counterparts.ofA(commit)).toBe(places.findLast(({ a }) => a === commit)?.b);
      }
      for (let commit = 1; commit <= ends.b; commit++) {
        expect(counterparts.ofB(commit)).toBe(places.findLast(({ b }) => b === commit)?.a);
      }
      expect(counterparts.ofA(ends.a + 5)).toBe(counterparts.ofA(ends.a) + 5);
      expect(counterparts.ofB(ends.b + 5)).toBe(counterparts.ofB(ends.b) + 5);
    }),
  );
});
