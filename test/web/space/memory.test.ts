import { beforeAll, describe, expect, it } from 'vitest';
import { PLT_ENTRY } from '../../../clients/web/model/queries/memory.ts';
import { sectionsQuery } from '../../../clients/web/model/queries/sections.ts';
import { wordsQuery } from '../../../clients/web/model/queries/words.ts';
import { fillBins, NARROW, openBins } from '../../../clients/web/space/bins.ts';
import { areaOrRest, holeAt, insideOf, sitePlace } from '../../../clients/web/space/place.ts';
import { scaleOf } from '../../../clients/web/space/scale.ts';
import { fromHex } from '../../../protocol/address.ts';
import { windowMaps } from '../../../protocol/view/windows.ts';
import { type Shown, shownAt } from './scenes.ts';

/** Modules lie outside of the direct window, and others that went left holes in it. */
const FAR = 1277;

describe('memory on the map', () => {
  let demo: Shown;
  beforeAll(async () => {
    demo = await shownAt('demo', FAR);
  });

  const spans = () =>
    windowMaps({ machine: demo.view.machine, areas: [...demo.view.areas.values()] }).flatMap((map) => map.spans);

  it('PAGE-1: windows, image and what others hold are where the profile says', () => {
    const { machine } = demo.view;
    expect(demo.world.windows).toEqual(
      (['direct', 'fallback'] as const).map((window) => ({
        window,
        start: fromHex(machine?.moduleRegion[window]?.start ?? ''),
        end: fromHex(machine?.moduleRegion[window]?.end ?? ''),
      })),
    );
    for (const { kind, address } of spans()) {
      if (kind !== 'kernel' && kind !== 'reserved') continue;
      const at = fromHex(address);
      expect(demo.world.fixed.some((range) => range.kind === kind && at >= range.start && at < range.end)).toBe(true);
    }
    for (const [i, { start }] of demo.world.fixed.entries()) {
      expect(start).toBeGreaterThanOrEqual(demo.world.fixed[i - 1]?.end ?? start);
    }
  });

  it('PAGE-5: what is at any place is what the windows have there; a hole ends where its neighbours begin', () => {
    const kinds = { module: ['area', 'guard'], init: ['area', 'guard'], lazy: ['area', 'guard'] } as const;
    let holes = 0;
    for (const { kind, address, size, module } of spans()) {
      const start = fromHex(address);
      const place = areaOrRest(demo.scene, demo.world, start + Math.floor(size / 2));
      if (kind === 'hole' && place.kind === 'kernel') continue; // The image beyond its code, which no window reserves.
      if (kind === 'module' || kind === 'init' || kind === 'lazy') {
        expect(kinds[kind]).toContain(place.kind);
        if (place.kind !== 'area' && place.kind !== 'guard') throw new Error(`${place.kind} at ${address}`);
        expect(demo.scene.names[demo.scene.areas.module[place.area] ?? -1]).toBe(module);
        continue;
      }
      expect(place.kind).toBe(kind);
      if (kind !== 'hole') continue;
      holes++;
      const hole = holeAt(demo.scene.areas, demo.world, start);
      expect(hole.start).toBe(start);
      expect(hole.end).toBeLessThanOrEqual(start + size);
    }
    expect(holes).toBeGreaterThan(3);
  });

  it('PAGE-3: an area is wide enough to be drawn, or its bytes are in the columns, once', () => {
    const { areas } = demo.scene;
    for (const range of [demo.world, { start: demo.world.start, end: demo.world.start + 2 ** 27 }]) {
      const scale = scaleOf(range, 1000);
      const bins = openBins(1000, 3);
      const { wide } = fillBins(bins, areas, scale);
      let narrow = 0;
      for (const [i, address] of areas.address.entries()) {
        const taken = (areas.size[i] ?? 0) + (areas.guard[i] ?? 0);
        if (wide.includes(i)) {
          expect(taken / scale.perPixel).toBeGreaterThanOrEqual(NARROW);
          continue;
        }
        narrow += Math.max(0, Math.min(address + taken, range.end) - Math.max(address, range.start));
      }
      const counted = bins.bytes.reduce((sum, kind) => kind.reduce((all, bytes) => all + bytes, sum), 0);
      expect(narrow).toBeGreaterThan(0);
      // Columns are kept as 32-bit floats.
      expect(Math.abs(counted - narrow) / narrow).toBeLessThan(1e-5);
      const fullest = Math.max(...bins.bytes.flatMap((kind) => [...kind]));
      expect(fullest).toBeLessThanOrEqual(scale.perPixel * (1 + 1e-6));
    }
  });

  it('PAGE-6: sections lie in order inside of their module; every veneer fills an entry of its PLT', () => {
    const far = [...demo.view.modules.values()].filter(({ veneers }) => veneers.length > 0);
    expect(far.length).toBeGreaterThan(40);
    for (const { module, sections } of sectionsQuery(
      demo.view,
      far.map(({ name }) => name),
    )) {
      for (const [i, { address, size }] of sections.entries()) {
        expect(address).toBeGreaterThanOrEqual(sections[i - 1]?.address ?? address);
        expect(areaOrRest(demo.scene, demo.world, address + size - 1)).toMatchObject({ kind: 'area' });
      }
      const used = demo.view.modules.get(module)?.veneers ?? [];
      for (const { address, slot, section } of used) {
        const place = insideOf(demo.scene, { module, sections }, fromHex(address) + PLT_ENTRY - 1);
        if (section === '.init.plt' && place?.kind !== 'slot') continue; // Freed with the rest of init.
        expect(place).toMatchObject({ kind: 'slot', slot, section, start: fromHex(address) });
        expect(place?.kind === 'slot' && place.veneer).not.toBeNull();
      }
    }
  });

  it('PAGE-7: the words that events tell are the sites, veneers and trampolines in sight, each with its bytes', () => {
    const { sites } = demo.scene;
    const at = sites.address.findIndex((_, i) => (sites.class[i] ?? 0) > 0);
    const start = sites.address[at] ?? 0;
    const [word] = wordsQuery(demo.view, { start, end: start + 4 });
    const key = demo.scene.keys[sites.key[at] ?? -1]?.name;
    expect(word).toMatchObject({ address: start, text: `call ${key}` });
    expect(sitePlace(demo.scene, start)).toMatchObject({ kind: 'site', site: at });
    const [first] = demo.view.staticCalls.keys.values();
    const tramp = fromHex(first?.tramp ?? '');
    const words = wordsQuery(demo.view, { start: tramp, end: tramp + 16 });
    expect(words.map(({ text }) => text).join('; ')).toBe(first?.text);
    expect(words.map(({ bytes }) => bytes).join('')).toBe(first?.bytes);
    expect(words.map(({ address }) => address - tramp)).toEqual([0, 4, 8, 12]);
    const veneer = [...demo.view.modules.values()].flatMap(({ veneers }) => veneers)[0];
    const slot = fromHex(veneer?.address ?? '');
    const three = wordsQuery(demo.view, { start: slot, end: slot + PLT_ENTRY });
    expect(three.map(({ bytes }) => Buffer.from(bytes, 'hex').readUInt32LE().toString(16).padStart(8, '0'))).toEqual(
      veneer?.words,
    );
  });
});
