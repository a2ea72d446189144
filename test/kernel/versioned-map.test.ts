import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VersionedMap } from '../../daemon/kernel/versioned-map.ts';

type Step = { readonly from: number; readonly key: number; readonly value: number | null };

const step: fc.Arbitrary<Step> = fc.record({
  from: fc.nat(),
  key: fc.nat(8),
  value: fc.option(fc.integer()),
});

describe('versioned map', () => {
  it('STATE-1: every version keeps its own entries, whichever versions are made from which, and read in what order', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.array(fc.nat(), { maxLength: 40 }), (steps, reads) => {
        const versions = [new VersionedMap<number, number>()];
        const models = [new Map<number, number>()];
        for (const { from, key, value } of steps) {
          const at = from % versions.length;
          const version = versions[at] as VersionedMap<number, number>;
          const model = new Map(models[at]);
          versions.push(value === null ? version.delete(key) : version.set(key, value));
          if (value === null) model.delete(key);
          else model.set(key, value);
          models.push(model);
        }
        for (const read of [...reads, ...versions.keys()]) {
          const at = read % versions.length;
          const version = versions[at] as VersionedMap<number, number>;
          const model = models[at] as Map<number, number>;
          expect(version.size).toBe(model.size);
          for (let key = 0; key <= 8; key++) {
            expect(version.get(key)).toBe(model.get(key));
            expect(version.has(key)).toBe(model.has(key));
          }
          expect([...version.values()].sort()).toEqual([...model.values()].sort());
        }
      }),
    );
  });

  it('STATE-2: going back over a hundred thousand versions needs no stack', () => {
    const first = new VersionedMap<number, number>();
    let last = first;
    for (let i = 0; i < 100_000; i++) last = last.set(i, i);
    expect(first.size).toBe(0);
    expect(last.size).toBe(100_000);
  });
});
