/** What a machine that was just opened shows first: what is in use of gigabytes that are empty, unless a link says what to show. */
import { effect } from '@preact/signals';
import type { Scene } from '../model/scene.ts';
import { justOpened, model, span } from '../state/app.ts';
import type { Space } from './space-state.ts';
import type { Range, World } from './world.ts';
import { around } from './zoom.ts';

/** The share of all from which on all of it is as good. */
const MOST = 0.6;

export function followOpening(space: Space): () => void {
  return effect(() => {
    const frame = space.frame.value;
    // The space of the machine before is still there for a moment, and so is one that stands beside.
    if (frame === null || !justOpened.value || space.model !== model.value) return;
    justOpened.value = false;
    const { scene, world } = frame;
    const used = usedOf(scene, world);
    const much = used.end - used.start > MOST * (world.end - world.start);
    if (span.peek() === null && !much) span.value = around(used, world);
  });
}

/** The image, the direct window, what others hold, and every area. */
export function usedOf({ areas }: Pick<Scene, 'areas'>, { windows, kernel, fixed }: World): Range {
  const last = areas.address.length - 1;
  const ranges: Range[] = [kernel, ...fixed, ...windows.filter(({ window }) => window === 'direct')];
  if (last >= 0) ranges.push({ start: areas.address[0]!, end: areas.address[last]! + areas.size[last]! });
  return {
    start: Math.min(...ranges.map(({ start }) => start)),
    end: Math.max(...ranges.map(({ end }) => end)),
  };
}
