/** Memory as it is taken: holes, what others hold, the kernel image, areas one by one or as density. */
import { AREA_KINDS, type Areas } from '../../model/scene.ts';
import { type Bins, fillBins, type Visible } from '../bins.ts';
import type { Row } from '../rows.ts';
import { type Scale, xOf } from '../scale.ts';
import type { Range, World } from '../world.ts';
import type { Context, Ink } from './ink.ts';

/** Pixels from which a pattern is more than noise; in columns of density the order of kinds says as much. */
const PATTERN_FROM = 3;
/** Pixels of the lowest column: what is there is seen. */
const SEEN = 2;
/** Gaps between areas from this width on. */
const GAP_FROM = 4;

/** Returns what was wide enough to be drawn one by one. */
export function paintMemory(
  context: Context,
  ink: Ink,
  areas: Areas,
  world: World,
  scale: Scale,
  row: Row,
  bins: Bins,
): Visible {
  paintGround(context, ink, world, scale, row);
  const visible = fillBins(bins, areas, scale);
  if (visible.dense) paintDensity(context, ink, bins, scale, row);
  paintAreas(context, ink, areas, visible.wide, scale, row);
  return visible;
}

/** The pixels of a range that are on the screen, at least one of them; undefined for a range that is not. */
export function pixels(
  scale: Scale,
  { start, end }: Range,
): { readonly x: number; readonly width: number } | undefined {
  if (end <= scale.start || start >= scale.end) return undefined;
  const x = Math.max(-1, xOf(scale, start));
  return { x, width: Math.max(1, Math.min(scale.width + 1, xOf(scale, end)) - x) };
}

function paintGround(context: Context, { colours, patterns }: Ink, world: World, scale: Scale, row: Row): void {
  const fill = (range: Range, style: string | CanvasPattern, alpha = 1): void => {
    const found = pixels(scale, range);
    if (found === undefined) return;
    context.globalAlpha = alpha;
    context.fillStyle = style;
    context.fillRect(found.x, row.top, found.width, row.height);
    context.globalAlpha = 1;
  };
  for (const window of world.windows) fill(window, colours.hole);
  for (const range of world.fixed) {
    if (range.kind === 'reserved') {
      fill(range, colours.reserved, 0.7);
      fill(range, patterns.reserved);
    } else {
      fill(range, colours.kernel, 0.6);
    }
  }
  fill({ start: world.kernel.start, end: world.kernel.etext }, colours.kernel);
}

/** Columns as high as they are full, kinds above each other; columns next to each other that are alike are one. */
function paintDensity(context: Context, ink: Ink, { bytes, columns }: Bins, scale: Scale, row: Row): void {
  const heights = bytes.map((kind) =>
    Uint16Array.from(kind, (taken) => {
      return taken === 0 ? 0 : Math.max(SEEN, Math.round((taken / scale.perPixel) * row.height));
    }),
  );
  for (let kind = 0; kind < AREA_KINDS.length; kind++) {
    const mine = heights[kind]!;
    const below = (x: number): number => heights.slice(0, kind).reduce((sum, of) => sum + of[x]!, 0);
    for (let x = 0; x < columns; ) {
      const height = mine[x]!;
      let end = x + 1;
      const base = height === 0 ? 0 : below(x);
      while (end < columns && mine[end] === height && (height === 0 || below(end) === base)) end++;
      if (height > 0) fillKind(context, ink, kind, x, row.top + row.height - base - height, end - x, height);
      x = end;
    }
  }
}

function paintAreas(context: Context, ink: Ink, areas: Areas, wide: readonly number[], scale: Scale, row: Row): void {
  for (const i of wide) {
    const start = areas.address[i]!;
    const end = start + areas.size[i]!;
    const found = pixels(scale, { start, end });
    if (found !== undefined) {
      const gap = areas.guard[i]! / scale.perPixel < 1 && found.width >= GAP_FROM ? 1 : 0;
      context.globalAlpha = (areas.module[i]! & 1) === 0 ? 1 : 0.84;
      fillKind(context, ink, areas.kind[i]!, found.x, row.top, found.width - gap, row.height);
      context.globalAlpha = 1;
    }
    const guard = pixels(scale, { start: end, end: end + areas.guard[i]! });
    if (guard === undefined || guard.width < 2) continue;
    context.fillStyle = ink.patterns.guard;
    context.fillRect(guard.x, row.top, guard.width, row.height);
  }
}

function fillKind(context: Context, ink: Ink, kind: number, x: number, y: number, width: number, height: number): void {
  const name = AREA_KINDS[kind]!;
  context.fillStyle = ink.colours[name];
  context.fillRect(x, y, width, height);
  if (name === 'module' || width < PATTERN_FROM) return;
  context.fillStyle = ink.patterns[name];
  context.fillRect(x, y, width, height);
}
