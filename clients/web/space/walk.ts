/** Going about by keyboard: zoom, pan, the next module, what is chosen. */
import { atOrBefore } from '../model/search.ts';
import { select, selection, span } from '../state/app.ts';
import { hear } from '../ui/announce.ts';
import { factsOf, sentence } from './facts.ts';
import { areasOf, extentOf, focusOf } from './focus.ts';
import type { Space } from './space-state.ts';
import { around, panned, shown, zoomed } from './zoom.ts';

const STEP = 0.15;
const FACTOR = 0.7;
/** Pixels below which a module that is walked to is brought closer. */
const TOO_SMALL = 24;

export function zoomBy(space: Space, closer: boolean): void {
  const frame = space.frame.peek();
  if (frame === null) return;
  const { start, end } = frame.scale;
  span.value = zoomed(span.peek(), frame.world, (start + end) / 2, closer ? FACTOR : 1 / FACTOR);
}

export function panBy(space: Space, right: boolean): void {
  const frame = space.frame.peek();
  if (frame === null) return;
  const { start, end } = frame.scale;
  span.value = panned(span.peek(), frame.world, (end - start) * (right ? STEP : -STEP));
}

export function fitSelection(space: Space): void {
  const frame = space.frame.peek();
  const chosen = selection.peek();
  if (frame === null || chosen === null) return;
  const extent = extentOf(focusOf(chosen, frame.scene, space.sections.peek(), space.patched.peek()));
  if (extent !== null) span.value = around(extent, frame.world);
}

export function showAll(): void {
  span.value = null;
}

/** The module after, or before, the one that is chosen; from the middle of the picture where none is. */
export function walk(space: Space, forward: boolean): void {
  const frame = space.frame.peek();
  if (frame === null) return;
  const { scene, world, scale } = frame;
  const { areas, names } = scene;
  const chosen = selection.peek();
  const here = chosen?.kind === 'module' ? scene.names.indexOf(chosen.name) : -1;
  const first = areas.module.indexOf(here);
  let at = first >= 0 && here >= 0 ? first : atOrBefore(areas.address, (scale.start + scale.end) / 2);
  do at += forward ? 1 : -1;
  while (areas.module[at] === here && at >= 0 && at < areas.module.length);
  const module = areas.module[at];
  if (module === undefined) {
    hear(forward ? 'There is no module after this one' : 'There is no module before this one');
    return;
  }
  select({ kind: 'module', name: names[module]! });
  const start = areas.address[at]!;
  const end = start + areas.size[at]!;
  const view = shown(span.peek(), world);
  if (start < view.start || end > view.end || (end - start) / scale.perPixel < TOO_SMALL) {
    span.value = around({ start: start - 2 * (end - start), end: end + 2 * (end - start) }, world);
  }
  const all = areasOf(scene, module).length;
  hear(`${sentence(factsOf({ kind: 'area', area: at, start, end }, scene))}${all > 1 ? `, one of ${all} areas` : ''}`);
}

/** What a key does while the address space has the focus; false for keys that do nothing here. */
export function pressed(space: Space, key: string): boolean {
  const act = ACTS[key];
  if (act === undefined) return false;
  act(space);
  return true;
}

const ACTS: Readonly<Record<string, (space: Space) => void>> = {
  w: (space) => zoomBy(space, true),
  s: (space) => zoomBy(space, false),
  a: (space) => panBy(space, false),
  d: (space) => panBy(space, true),
  ArrowUp: (space) => zoomBy(space, true),
  ArrowDown: (space) => zoomBy(space, false),
  ArrowLeft: (space) => panBy(space, false),
  ArrowRight: (space) => panBy(space, true),
  '+': (space) => zoomBy(space, true),
  '-': (space) => zoomBy(space, false),
  f: fitSelection,
  n: (space) => walk(space, true),
  p: (space) => walk(space, false),
  Escape: showAll,
};
