import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { areasIn } from '../../../daemon/kernel/region/areas.ts';
import {
  type Allocated,
  type Allocation,
  allocate,
  emptyRegion,
  markAllocated,
  markFreed,
  markPurged,
  type Region,
  type Windows,
} from '../../../daemon/kernel/region/region.ts';

const PAGE = 4096;
const LO = -0x7ffff8000000;
const at = (page: number) => LO + page * PAGE;
const WINDOWS: Windows = {
  direct: { start: at(0), end: at(16) },
  fallback: { start: at(0), end: at(64) },
};
const EMPTY = emptyRegion([]);

describe('the module region', () => {
  it('PLACE-1: rounds up to pages and keeps a guard page behind', () => {
    const first = took(allocate(EMPTY, WINDOWS, PAGE, 1));
    expect(first.allocation).toEqual({ address: at(0), size: PAGE, guard: PAGE });
    expect(first.window).toBe('direct');
    const second = took(allocate(first.region, WINDOWS, PAGE, PAGE + 1));
    expect(second.allocation).toEqual({ address: at(2), size: 2 * PAGE, guard: PAGE });
  });

  it.each([4096, 16384, 65536])('PLACE-1: counts in the pages of the machine, of %i bytes', (page) => {
    const windows: Windows = { direct: { start: 0, end: 8 * page }, fallback: undefined };
    const first = took(allocate(EMPTY, windows, page, 5000));
    const rounded = page === 4096 ? 8192 : page;
    expect(first.allocation).toEqual({ address: 0, size: rounded, guard: page });
    expect(took(allocate(first.region, windows, page, 1)).allocation.address).toBe(rounded + page);
  });

  it('PLACE-1: needs room for the guard page inside the window', () => {
    const windows: Windows = { direct: { start: at(0), end: at(4) }, fallback: undefined };
    expect(allocate(EMPTY, windows, PAGE, 4 * PAGE).kind).toBe('no-memory');
    expect(allocate(EMPTY, windows, PAGE, 3 * PAGE).kind).toBe('allocated');
  });

  it('PLACE-2: goes to the fallback window when the direct one has no room, and back when it has', () => {
    const big = took(allocate(EMPTY, WINDOWS, PAGE, 14 * PAGE));
    const far = took(allocate(big.region, WINDOWS, PAGE, PAGE));
    expect([far.window, far.allocation.address]).toEqual(['fallback', at(15)]);
    const { address, size, guard } = big.allocation;
    const near = took(allocate(markFreed(far.region, address, size, guard, false), WINDOWS, PAGE, PAGE));
    expect([near.window, near.allocation.address]).toEqual(['direct', at(0)]);
  });

  it('PLACE-4: a lazily freed area blocks its room until the purge', () => {
    const first = took(allocate(EMPTY, WINDOWS, PAGE, PAGE));
    const { address, size, guard } = first.allocation;
    const freed = markFreed(first.region, address, size, guard, true);
    expect(took(allocate(freed, WINDOWS, PAGE, PAGE)).allocation.address).toBe(at(2));
    expect(took(allocate(markPurged(freed), WINDOWS, PAGE, PAGE)).allocation.address).toBe(at(0));
    const eager = markFreed(first.region, address, size, guard, false);
    expect(took(allocate(eager, WINDOWS, PAGE, PAGE)).allocation.address).toBe(at(0));
  });

  it('PLACE-3: a full direct window purges and is tried again before the fallback window', () => {
    const big = took(allocate(EMPTY, WINDOWS, PAGE, 14 * PAGE));
    const { address, size, guard } = big.allocation;
    const again = took(allocate(markFreed(big.region, address, size, guard, true), WINDOWS, PAGE, 2 * PAGE));
    expect([again.window, again.allocation.address]).toEqual(['direct', at(0)]);
    expect(again.purged).toEqual([big.allocation]);
    expect(again.region.lazy).toEqual([]);
  });

  it('PLACE-3: purges nothing while there is room', () => {
    const one = took(allocate(EMPTY, WINDOWS, PAGE, PAGE));
    const two = took(allocate(markFreed(one.region, at(0), PAGE, PAGE, true), WINDOWS, PAGE, PAGE));
    expect(two.purged).toEqual([]);
    expect(two.region.lazy).toHaveLength(1);
  });

  it('PLACE-6: fails where no window has room, and keeps what it purged', () => {
    const one = took(allocate(EMPTY, WINDOWS, PAGE, PAGE));
    const result = allocate(markFreed(one.region, at(0), PAGE, PAGE, true), WINDOWS, PAGE, 64 * PAGE);
    expect(result).toEqual({ kind: 'no-memory', region: EMPTY, purged: [one.allocation] });
  });

  it('PLACE-6: fails on a machine without windows, and for a size that nothing can hold', () => {
    const none: Windows = { direct: undefined, fallback: undefined };
    expect(allocate(EMPTY, none, PAGE, PAGE, at(1)).kind).toBe('no-memory');
    expect(allocate(EMPTY, WINDOWS, PAGE, Number.MAX_SAFE_INTEGER).kind).toBe('no-memory');
    expect(allocate(EMPTY, WINDOWS, PAGE, 0).kind).toBe('no-memory');
  });

  it('PLACE-5: takes the given fallback address when the direct window is full, and only then', () => {
    const near = took(allocate(EMPTY, WINDOWS, PAGE, PAGE, at(40)));
    expect([near.window, near.allocation.address]).toEqual(['direct', at(0)]);
    const far = took(allocate(EMPTY, WINDOWS, PAGE, 20 * PAGE, at(40)));
    expect([far.window, far.allocation.address]).toEqual(['fallback', at(40)]);
  });

  it('PLACE-5: a given fallback address that is taken or not aligned is an error', () => {
    const held = emptyRegion([[at(40), at(42)]]);
    for (const address of [at(40), at(30), at(43) + 1, Number.NaN, Number.POSITIVE_INFINITY])
      expect(allocate(held, WINDOWS, PAGE, 20 * PAGE, address)).toEqual({ kind: 'bad-fallback', address });
  });

  it('PLACE-5: a given fallback address under a lazily freed area purges that first', () => {
    const freed = markFreed(markAllocated(EMPTY, at(40), PAGE, PAGE), at(40), PAGE, PAGE, true);
    const far = took(allocate(freed, WINDOWS, PAGE, 20 * PAGE, at(40)));
    expect(far.allocation.address).toBe(at(40));
    expect(far.purged).toHaveLength(1);
  });

  it("PLACE-7: keeps out of areas of others and of the kernel's data", () => {
    const region = emptyRegion(
      [
        [at(0), at(3)],
        [at(6), at(8)],
      ],
      { start: at(7), end: at(20) },
    );
    expect(took(allocate(region, WINDOWS, PAGE, 2 * PAGE)).allocation.address).toBe(at(3));
    expect(took(allocate(region, WINDOWS, PAGE, 3 * PAGE)).allocation.address).toBe(at(20));
  });

  it('PLACE-9: refuses to free what is not allocated, or twice', () => {
    const one = markAllocated(EMPTY, at(0), PAGE, PAGE);
    expect(() => markFreed(one, at(0), 2 * PAGE, PAGE, false)).toThrow('no area of 8192 + 4096 bytes');
    expect(() => markFreed(one, at(1), PAGE, PAGE, false)).toThrow('no area');
    const lazily = markFreed(one, at(0), PAGE, PAGE, true);
    expect(() => markFreed(lazily, at(0), PAGE, PAGE, true)).toThrow('is freed twice');
    expect(() => markFreed(lazily, at(0), PAGE, PAGE, false)).toThrow('is freed twice');
  });

  it('PLACE-8: no sequence of allocations, frees and purges departs from a list of areas, or changes an older region', () => {
    fc.assert(fc.property(fc.array(step(), { maxLength: 80 }), agrees));
  });
});

type Step =
  | { readonly op: 'allocate'; readonly pages: number }
  | { readonly op: 'free'; readonly which: number; readonly lazy: boolean }
  | { readonly op: 'purge' };

function step(): fc.Arbitrary<Step> {
  return fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ op: fc.constant('allocate' as const), pages: fc.integer({ min: 1, max: 12 }) }),
    },
    {
      weight: 4,
      arbitrary: fc.record({ op: fc.constant('free' as const), which: fc.nat(), lazy: fc.boolean() }),
    },
    { weight: 1, arbitrary: fc.record({ op: fc.constant('purge' as const) }) },
  );
}

/** The model: held and lazily freed areas in two plain lists, first fit by trying every page. */
function agrees(steps: readonly Step[]): void {
  let region: Region = EMPTY;
  let held: readonly Allocation[] = [];
  let lazy: readonly Allocation[] = [];
  const versions: { region: Region; areas: readonly (readonly [number, number])[] }[] = [];
  const model = (pages: number) => {
    const taken = [...held, ...lazy];
    const fits = (page: number) =>
      taken.every((a) => a.address + a.size + a.guard <= at(page) || a.address >= at(page + pages + 1));
    const first = (limit: number) =>
      Array.from({ length: limit - pages }, (_, page) => page).find((page) => page + pages + 1 <= limit && fits(page));
    return { direct: first(16), fallback: first(64) };
  };
  for (const next of steps) {
    if (next.op === 'allocate') {
      const result = allocate(region, WINDOWS, PAGE, next.pages * PAGE);
      let expected = model(next.pages);
      const purged = expected.direct === undefined ? lazy : [];
      if (purged.length > 0) lazy = [];
      expected = model(next.pages);
      if (result.kind === 'bad-fallback') throw new Error('no address was given');
      expect(result.purged).toEqual(purged);
      const page = expected.direct ?? expected.fallback;
      region = result.region;
      if (result.kind === 'no-memory') expect(page).toBeUndefined();
      else {
        expect(result.allocation.address).toBe(page === undefined ? undefined : at(page));
        expect(result.window).toBe(expected.direct === undefined ? 'fallback' : 'direct');
        held = [...held, result.allocation];
      }
    } else if (next.op === 'free') {
      const gone = held[next.which % held.length];
      if (gone === undefined) continue;
      region = markFreed(region, gone.address, gone.size, gone.guard, next.lazy);
      held = held.filter((area) => area !== gone);
      if (next.lazy) lazy = [...lazy, gone];
    } else {
      region = markPurged(region);
      lazy = [];
    }
    const areas = [...held, ...lazy]
      .map((a) => [a.address, a.address + a.size + a.guard] as const)
      .sort(([a], [b]) => a - b);
    versions.push({ region, areas });
  }
  for (const { region: version, areas } of versions)
    expect([...areasIn(version.areas, at(0), at(64))].map(({ start, end }) => [start, end])).toEqual(areas);
}

function took(result: Allocated): Allocated & { kind: 'allocated' } {
  if (result.kind !== 'allocated') throw new Error(`expected an allocation, got ${result.kind}`);
  return result;
}
