/** What is under the pointer. */
import { areaOrRest, insideOf, type Place, siteNear, sitePlace } from './place.ts';
import type { Row } from './rows.ts';
import { addressAt, showsWords } from './scale.ts';
import type { Frame, Space } from './space-state.ts';

/** Pixels from a site that still mean it. */
const NEAR = 5;

export const within = ({ top, height }: Row, y: number): boolean => y >= top && y < top + height;

export function addressUnder({ rows, scale, whole }: Frame, x: number, y: number): number {
  return addressAt(within(rows.overview, y) ? whole : scale, x);
}

export function placeUnder({ frame, sections, code }: Space, x: number, y: number): Place | undefined {
  const now = frame.peek();
  if (now === null) return undefined;
  const { scene, world, rows, scale } = now;
  const at = addressUnder(now, x, y);
  if (at < world.start || at >= world.end) return undefined;
  if (within(rows.overview, y)) return areaOrRest(scene, world, at);
  const near = within(rows.arcs, y) || within(rows.sites, y) ? siteNear(scene.sites, at, NEAR * scale.perPixel) : -1;
  if (near >= 0) return sitePlace(scene, scene.sites.address[near]!);
  if (showsWords(scale)) {
    for (const { address: start, bytes, text, symbol } of code.peek().words) {
      const end = start + bytes.length / 2;
      if (at < start || at >= end) continue;
      return sitePlace(scene, start) ?? { kind: 'word', text, bytes, symbol, start, end };
    }
  }
  const place = areaOrRest(scene, world, at);
  const module = place.kind === 'area' ? scene.names[scene.areas.module[place.area]!] : undefined;
  const known = module === undefined ? undefined : sections.peek().get(module);
  return (known && insideOf(scene, known, at)) ?? place;
}
