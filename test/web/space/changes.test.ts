import { beforeAll, describe, expect, it } from 'vitest';
import { movesOf, still } from '../../../clients/web/space/changes.ts';
import { MARKS, marksOf } from '../../../clients/web/space/compare.ts';
import { type Shown, shownAt } from './scenes.ts';

describe('what changes on the map', () => {
  let before: Shown;
  let after: Shown;
  beforeAll(async () => {
    before = await shownAt('demo', 400);
    after = await shownAt('demo', 410);
  });

  const areas = ({ view }: Shown): ReadonlySet<string> =>
    new Set(
      [...view.areas.values()].map(({ address, size }) => `${Number(BigInt.asIntN(64, BigInt(address)))} ${size}`),
    );

  it('PAGE-12: between two positions exactly those areas come and go that are only in one of them', () => {
    const moves = movesOf(before.scene.areas, after.scene.areas, 5);
    const named = (what: string) =>
      moves.filter((move) => move.what === what).map(({ start, end }) => `${start} ${end - start}`);
    const [old, young] = [areas(before), areas(after)];
    expect(named('came')).toEqual([...young].filter((area) => !old.has(area)).sort(byStart));
    expect(named('went')).toEqual([...old].filter((area) => !young.has(area)).sort(byStart));
    expect(moves.length).toBeGreaterThan(3);
    expect(movesOf(after.scene.areas, after.scene.areas, 5)).toEqual([]);
  });

  it('PAGE-12: where hundreds of areas change at once none of them moves', async () => {
    const empty = await shownAt('demo', 1);
    expect(movesOf(empty.scene.areas, after.scene.areas, 5)).toEqual([]);
  });

  it('PAGE-12: light goes out after its time', () => {
    const lights = [0, 100, 3000].map((since) => ({ since }));
    expect(still(lights, 3050, 500)).toEqual([{ since: 3000 }]);
    expect(still(lights, 3600, 500)).toEqual([]);
  });

  it('PAGE-13: beside another machine an area is as there, elsewhere, or only here', async () => {
    const marks = marksOf(after.scene, before.scene);
    const where = ({ view }: Shown): Map<string, string> =>
      new Map(
        [...view.areas.values()]
          .filter(({ lazy }) => !lazy)
          .map((area) => [`${area.module} ${area.part}`, area.address]),
      );
    const [here, there] = [where(after), where(before)];
    const counts = { same: 0, moved: 0, 'only here': 0 };
    for (const [name, address] of here) {
      if (!there.has(name)) counts['only here']++;
      else counts[there.get(name) === address ? 'same' : 'moved']++;
    }
    const marked = MARKS.map((_, index) => [...marks].filter((mark) => mark === index).length);
    expect(marked).toEqual([counts.same, counts.moved, counts['only here']]);
    expect(counts['only here']).toBeGreaterThan(0);
    expect([...marksOf(after.scene, after.scene)].every((mark) => mark === 0)).toBe(true);
  });
});

const byStart = (a: string, b: string): number => Number(a.split(' ')[0]) - Number(b.split(' ')[0]);
