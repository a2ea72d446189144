import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Area,
  type AreaTree,
  areasIn,
  holes,
  insertArea,
  isFree,
  lowestFit,
  NO_AREAS,
  removeArea,
} from '../../../daemon/kernel/region/areas.ts';

const PAGE = 4096;
/** An arm64 window: its addresses are large and negative. */
const LO = -0x7ffff8000000;
const PAGES = 96;
const HI = LO + PAGES * PAGE;

describe('the tree of areas', () => {
  it('PLACE-1: finds the lowest fit that a list of areas finds, for any bounds, length and alignment', () => {
    const query = fc.record({
      lo: fc.integer({ min: 0, max: PAGES }),
      hi: fc.integer({ min: 0, max: PAGES }),
      length: fc.integer({ min: 1, max: 12 }),
      align: fc.constantFrom(1, 2, 4, 16),
    });
    fc.assert(
      fc.property(history(), fc.array(query, { maxLength: 20 }), (steps, queries) => {
        const { tree, list } = play(steps);
        for (const { lo, hi, length, align } of queries) {
          const [from, to, bytes, step] = [LO + lo * PAGE, LO + hi * PAGE, length * PAGE, align * PAGE];
          expect(lowestFit(tree, from, to, bytes, step)).toBe(naiveFit(list, from, to, bytes, step));
        }
      }),
    );
  });

  it('PLACE-8: areas and holes tile the window, in order, after any history', () => {
    fc.assert(
      fc.property(history(), (steps) => {
        const { tree, list } = play(steps);
        expect([...areasIn(tree, LO, HI)]).toEqual(list);
        const pieces = [...areasIn(tree, LO, HI), ...holes(tree, LO, HI)].sort((a, b) => a.start - b.start);
        expect(pieces[0]?.start).toBe(LO);
        expect(pieces.at(-1)?.end).toBe(HI);
        for (const [at, piece] of pieces.entries()) expect(piece.end).toBe(pieces[at + 1]?.start ?? HI);
        for (const hole of holes(tree, LO, HI)) expect(isFree(tree, hole.start, hole.end)).toBe(true);
      }),
    );
  });

  it('PLACE-8: an older version is what it was, whatever came after it', () => {
    fc.assert(
      fc.property(history(), (steps) => {
        const { versions } = play(steps);
        for (const { tree, list } of versions) expect([...areasIn(tree, LO, HI)]).toEqual(list);
      }),
    );
  });

  it('PLACE-8: clips what it lists to the range asked for', () => {
    const tree = insertArea(insertArea(NO_AREAS, LO, LO + 2 * PAGE), LO + 4 * PAGE, LO + 6 * PAGE);
    expect([...areasIn(tree, LO + 2 * PAGE, HI)]).toEqual([{ start: LO + 4 * PAGE, end: LO + 6 * PAGE }]);
    expect([...holes(tree, LO + PAGE, LO + 5 * PAGE)]).toEqual([{ start: LO + 2 * PAGE, end: LO + 4 * PAGE }]);
    expect([...holes(NO_AREAS, LO, LO)]).toEqual([]);
  });

  it('PLACE-7: refuses an area over another, and one that is empty', () => {
    const tree = insertArea(NO_AREAS, LO + PAGE, LO + 3 * PAGE);
    expect(() => insertArea(tree, LO, LO + 2 * PAGE)).toThrow(
      'area [0xffff800008000000, 0xffff800008002000) overlaps [0xffff800008001000, 0xffff800008003000)',
    );
    expect(() => insertArea(tree, LO + 2 * PAGE, LO + 4 * PAGE)).toThrow('overlaps');
    expect(() => insertArea(tree, LO, LO)).toThrow('is empty');
    expect(() => insertArea(tree, Number.NaN, LO)).toThrow('is empty');
  });

  it('PLACE-9: refuses to remove what is not there', () => {
    expect(() => removeArea(insertArea(NO_AREAS, LO, LO + PAGE), LO + PAGE)).toThrow(
      'no area starts at 0xffff800008001000',
    );
  });

  it('PLACE-8: stays shallow when areas come in order of address and leave again', () => {
    let tree: AreaTree = NO_AREAS;
    for (let at = 0; at < 4096; at++) tree = insertArea(tree, LO + at * PAGE, LO + (at + 1) * PAGE);
    expect(tree?.height).toBeLessThanOrEqual(18);
    for (let at = 0; at < 4096; at += 2) tree = removeArea(tree, LO + at * PAGE);
    expect(tree?.height).toBeLessThanOrEqual(16);
    expect([...areasIn(tree, LO, LO + 4096 * PAGE)]).toHaveLength(2048);
  });
});

type Step = { readonly take: number } | { readonly give: number };

function history(): fc.Arbitrary<readonly Step[]> {
  const take = fc.record({ take: fc.integer({ min: 1, max: 9 }) });
  const give = fc.record({ give: fc.nat() });
  return fc.array(fc.oneof({ weight: 3, arbitrary: take }, { weight: 2, arbitrary: give }), { maxLength: 80 });
}

/** Plays a history on the tree and on a sorted list: allocations of pages by first fit, and frees. */
function play(steps: readonly Step[]) {
  let tree: AreaTree = NO_AREAS;
  let list: readonly Area[] = [];
  const versions: { tree: AreaTree; list: readonly Area[] }[] = [];
  for (const step of steps) {
    if ('take' in step) {
      const start = lowestFit(tree, LO, HI, step.take * PAGE, PAGE);
      expect(start).toBe(naiveFit(list, LO, HI, step.take * PAGE, PAGE));
      if (start === undefined) continue;
      const end = start + step.take * PAGE;
      tree = insertArea(tree, start, end);
      list = [...list, { start, end }].sort((a, b) => a.start - b.start);
    } else {
      const gone = list[step.give % list.length];
      if (gone === undefined) continue;
      tree = removeArea(tree, gone.start);
      list = list.filter((area) => area !== gone);
    }
    versions.push({ tree, list });
  }
  return { tree, list, versions };
}

function naiveFit(list: readonly Area[], lo: number, hi: number, length: number, align: number): number | undefined {
  for (let start = Math.ceil(lo / align) * align; start + length <= hi; start += align) {
    if (list.every((area) => area.end <= start || area.start >= start + length)) return start;
  }
  return undefined;
}
