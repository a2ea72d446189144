import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drawWindow } from '../../clients/cli/format/map.ts';
import { fromHex, toHex } from '../../protocol/address.ts';
import { emptyView, fold } from '../../protocol/view/fold.ts';
import { type ViewJson, viewJson } from '../../protocol/view/json.ts';
import { windowMaps } from '../../protocol/view/windows.ts';
import { session } from './sessions.ts';

function viewOf(...files: readonly string[]): ViewJson {
  const view = emptyView();
  for (const commit of session(...files)) fold(view, commit);
  return viewJson(view);
}

describe('the map of the windows', () => {
  const view = viewOf('hello.ko', 'chain-a.ko', 'chain-b.ko', 'unknown-symbol.ko');

  it('CLI-16: is a row of areas and holes without gap or overlap', () => {
    const maps = windowMaps(view);
    expect(maps.length).toBeGreaterThan(0);
    for (const map of maps) {
      let at = fromHex(map.start);
      for (const span of map.spans) {
        expect(span.address).toBe(toHex(at));
        expect(span.size).toBeGreaterThan(0);
        at += span.size;
      }
      expect(toHex(at)).toBe(map.end);
      expect(map.used + map.free).toBe(map.size);
    }
  });

  it('CLI-16: holds every area of every module, its guard page included', () => {
    const spans = windowMaps(view)[0]?.spans ?? [];
    for (const area of view.areas) {
      expect(spans).toContainEqual(expect.objectContaining({ address: area.address, size: area.size + area.guard }));
    }
  });

  it('CLI-16: stays whole whatever is reserved, in and across the borders of the windows', () => {
    const { machine } = view;
    if (machine === null) throw new Error('the machine was booted');
    const { direct } = machine.moduleRegion;
    if (!direct) throw new Error('the default machine has a direct window');
    const around = fc.integer({ min: fromHex(direct.start) - 0x10000, max: fromHex(direct.end) + 0x10000 });
    fc.assert(
      fc.property(fc.array(fc.tuple(around, fc.integer({ min: 1, max: 0x8000000 }))), (areas) => {
        const reserved = areas.map(
          ([start, size]) => [toHex(start), toHex(start + size)] as [`0x${string}`, `0x${string}`],
        );
        for (const map of windowMaps({ ...view, machine: { ...machine, reserved } })) {
          expect(map.spans.reduce((sum, span) => sum + span.size, 0)).toBe(map.size);
          expect(map.spans.every((span) => span.size > 0)).toBe(true);
        }
      }),
    );
  });

  it('CLI-16: a cell that holds anything never shows as free', () => {
    const [map] = windowMaps(view);
    if (map === undefined) throw new Error('the default machine has a direct window');
    const lines = drawWindow(map, 10, 2);
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/^\+0 B +\|[#~i][^|]{9}\|$/);
  });
});
