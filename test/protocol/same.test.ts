import fc from 'fast-check';
import { expect, it } from 'vitest';
import { differing, same } from '../../protocol/same.ts';

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, each]) => [name, sorted(each)]),
  );
};
const text = (value: unknown): string => JSON.stringify(sorted(value)) ?? 'undefined';

it('DIFF-1: two JSON values are the same if and only if their texts are, members in order', () => {
  const json = fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.parse(JSON.stringify(value)) as unknown);
  fc.assert(
    fc.property(json, json, (a, b) => {
      expect(same(a, b)).toBe(text(a) === text(b));
      expect(same(a, JSON.parse(JSON.stringify(a)))).toBe(true);
      expect(same([a, b], [b, a])).toBe(text(a) === text(b));
    }),
    { numRuns: 500 },
  );
});

it('DIFF-1: what is absent is undefined, and what a prototype has is absent', () => {
  expect(same({ a: 1 }, { a: 1, b: undefined })).toBe(true);
  expect(same({ a: 1, b: undefined }, { a: 1 })).toBe(true);
  expect(same({}, { constructor: 1 })).toBe(false);
  expect(same({}, [])).toBe(false);
  expect(same({ toString: Object.prototype.toString }, {})).toBe(false);
  expect(differing({ a: 1, b: [1], c: 2 }, { c: 3, b: [1], d: null })).toEqual(['a', 'c', 'd']);
  expect(differing({ a: 1, b: 2 }, { a: 2, b: 3 }, new Set(['a']))).toEqual(['b']);
});
