import { beforeAll, describe, expect, it } from 'vitest';
import type { Sites } from '../../../clients/web/model/scene.ts';
import { ARCS_MAX, type Arc, arcsOf, DASHED_MAX } from '../../../clients/web/space/arcs.ts';
import { areasOf, extentOf, focusOf } from '../../../clients/web/space/focus.ts';
import { scaleOf } from '../../../clients/web/space/scale.ts';
import { CLASSES } from '../../../protocol/view/static-call.ts';
import { type Shown, shownAt } from './scenes.ts';

const FAR = 1268;
const calls = (arcs: readonly Arc[]): number => arcs.reduce((sum, { count }) => sum + count, 0);

describe('calls on the map', () => {
  let demo: Shown;
  beforeAll(async () => {
    demo = await shownAt('demo', FAR);
  });

  /** As many sites as asked for, of all classes, from everywhere to everywhere. */
  function many(count: number): Sites {
    const { start, end } = demo.world;
    const step = (end - start) / count;
    const at = (i: number): number => start + Math.floor(((i * 7919) % count) * step);
    return {
      address: Float64Array.from({ length: count }, (_, i) => start + Math.floor(i * step)),
      target: Float64Array.from({ length: count }, (_, i) => at(i)),
      class: Uint8Array.from({ length: count }, (_, i) => i % CLASSES.length),
      key: new Uint32Array(count),
      module: new Uint32Array(count),
    };
  }

  it('PAGE-4: as long as they are few, arcs stand for every call that begins or ends in sight', () => {
    const { sites } = demo.scene;
    const rule = { bin: 9, max: Number.POSITIVE_INFINITY, dashedMax: Number.POSITIVE_INFINITY };
    const called = sites.target.filter((target) => !Number.isNaN(target)).length;
    expect(called).toBeGreaterThan(4000);
    expect(calls(arcsOf(sites, scaleOf(demo.world, 1400), rule))).toBe(called);
    const { start } = demo.world;
    const quarter = { start, end: start + 2 ** 25 };
    const inside = (address: number): boolean => address >= quarter.start && address < quarter.end;
    const seen = [...sites.address].filter((address, i) => inside(address) || inside(sites.target[i] ?? 0)).length;
    expect(calls(arcsOf(sites, scaleOf(quarter, 1400), rule))).toBe(seen);
  });

  it('PAGE-4: a hundred thousand sites are a bounded number of arcs, and no class is left out', () => {
    const arcs = arcsOf(many(100_000), scaleOf(demo.world, 1400));
    expect(arcs.length).toBeLessThanOrEqual(ARCS_MAX);
    for (const [kind, name] of CLASSES.entries()) {
      const mine = arcs.filter((arc) => arc.class === kind);
      if (name === 'none') expect(mine).toEqual([]);
      else expect(mine.length).toBeGreaterThan(0);
      if (name !== 'direct') expect(mine.length).toBeLessThanOrEqual(DASHED_MAX);
    }
    // A picture leaves nothing behind that the next one would count.
    expect(arcsOf(many(100_000), scaleOf(demo.world, 1400))).toEqual(arcs);
    expect(arcsOf(many(0), scaleOf(demo.world, 1400))).toEqual([]);
  });

  it('PAGE-11: a chosen site has its own call; a key, a module and a target have all of theirs', () => {
    const { scene } = demo;
    const { sites } = scene;
    const of = (focus: ReturnType<typeof focusOf>): number[] => [...sites.address.keys()].filter(focus.calls);
    const nothing = new Map<string, never>();
    const site = 1234;
    const address = sites.address[site] ?? 0;
    const chosen = focusOf({ kind: 'address', address }, scene, nothing, new Map());
    expect([of(chosen), chosen.site]).toEqual([[site], site]);
    const patch = focusOf({ kind: 'patch', id: '7.3' }, scene, nothing, new Map([['7.3', address]]));
    expect(patch.site).toBe(site);
    const [key] = scene.keys;
    const ofKey = of(focusOf({ kind: 'key', name: key?.name ?? '' }, scene, nothing, new Map()));
    expect(ofKey.length).toBe(key?.classes.reduce((sum, count) => sum + count, 0));
    const target = focusOf({ kind: 'address', address: key?.calls ?? 0 }, scene, nothing, new Map());
    expect(of(target)).toEqual(ofKey);
    const name = scene.names[sites.module[site] ?? -1] ?? '';
    const ofModule = focusOf({ kind: 'module', name }, scene, nothing, new Map());
    expect(of(ofModule)).toEqual([...sites.module.keys()].filter((i) => sites.module[i] === sites.module[site]));
    expect(ofModule.places).toEqual(areasOf(scene, sites.module[site] ?? -1));
  });

  it('PAGE-11: what is fitted holds the place that is chosen, and of places far apart the largest', () => {
    const focus = { calls: () => false, site: null };
    const [low, high] = [
      { start: 0, end: 100 },
      { start: 1_000_000, end: 1_000_300 },
    ];
    expect(extentOf({ ...focus, places: [low] })).toEqual(low);
    expect(extentOf({ ...focus, places: [low, high] })).toEqual(high);
    expect(extentOf({ ...focus, places: [low, { start: 120, end: 200 }] })).toEqual({ start: 0, end: 200 });
    expect(extentOf({ ...focus, places: [] })).toBeNull();
  });

  it('PAGE-11: the reach of a branch tells calls that are direct from those that need more', () => {
    const { scene } = demo;
    /** Of arm64's B and BL. */
    const reach = { min: -(2 ** 27), max: 2 ** 27 - 4 };
    let outside = 0;
    for (const [i, address] of scene.sites.address.entries()) {
      const distance = (scene.sites.target[i] ?? 0) - address;
      const direct = CLASSES[scene.sites.class[i] ?? -1] === 'direct';
      expect(distance >= reach.min && distance <= reach.max).toBe(direct);
      if (!direct) outside++;
    }
    expect(outside).toBeGreaterThan(50);
  });
});
