/**
 * The overview: all there is, to scale, with brackets around the windows and the image. It is drawn when memory changes, and
 * kept as a picture while the strip below moves.
 */
import { bytes } from '../../../../protocol/size.ts';
import type { Areas } from '../../model/scene.ts';
import { type Bins, openBins } from '../bins.ts';
import type { Row, Rows } from '../rows.ts';
import { type Scale, xOf } from '../scale.ts';
import type { Frame } from '../space-state.ts';
import type { Range, World } from '../world.ts';
import { type Context, cut, font, type Ink } from './ink.ts';
import { paintMemory } from './memory.ts';

const SIZE = 10;

/** Of AREA_KINDS. */
const KINDS = 3;

export interface Overview {
  paint(context: Context, ink: Ink, frame: Frame, ratio: number): void;
}

export function openOverview(): Overview {
  const canvas = document.createElement('canvas');
  const kept = canvas.getContext('2d')!;
  let bins: Bins = openBins(0, KINDS);
  let of: readonly [Areas, World, Ink, number] | undefined;
  return {
    paint(context, ink, { scene: { areas }, world, whole, rows }, ratio) {
      const { width } = whole;
      const { height } = rows.overview;
      const wanted = [areas, world, ink, width] as const;
      if (of === undefined || wanted.some((value, i) => value !== of?.[i])) {
        of = wanted;
        canvas.width = Math.round(width * ratio);
        canvas.height = Math.round(height * ratio);
        kept.setTransform(ratio, 0, 0, ratio, 0, 0);
        if (bins.columns !== Math.ceil(width)) bins = openBins(Math.ceil(width), KINDS);
        paintBrackets(kept, ink, world, whole, rows);
        paintMemory(kept, ink, areas, world, whole, rows.world, bins);
      }
      context.drawImage(canvas, 0, 0, width, height);
    },
  };
}

function paintBrackets(context: Context, ink: Ink, world: World, scale: Scale, rows: Rows): void {
  for (const window of world.windows) {
    const size = bytes(window.end - window.start);
    const row = rows.brackets[window.window === 'fallback' ? 0 : 1];
    bracket(context, ink, window, `${size} ${window.window} window`, scale, row, true);
  }
  const { kernel } = world;
  bracket(context, ink, kernel, `kernel image ${bytes(kernel.end - kernel.start)}`, scale, rows.below, false);
}

/** The name stands in the bracket where there is room, else beside it. `down`: its ends point down. */
function bracket(context: Context, ink: Ink, range: Range, name: string, scale: Scale, row: Row, down: boolean): void {
  const x0 = Math.max(0.5, Math.round(xOf(scale, range.start)) + 0.5);
  const x1 = Math.min(scale.width - 0.5, Math.round(xOf(scale, range.end)) - 0.5);
  const y = row.top + row.height / 2 + 0.5;
  const ends = down ? row.top + row.height : row.top;
  const text = cut(ink, name, SIZE, scale.width - 8);
  const width = text.length * SIZE * ink.character;
  const inside = x1 - x0 > width + 24;
  const right = x1 + 6 + width < scale.width;
  const at = inside ? x0 + 12 : right ? x1 + 6 : Math.max(2, x0 - 6 - width);
  context.strokeStyle = ink.colours.dim;
  context.lineWidth = 1;
  context.beginPath();
  context.moveTo(x0, ends);
  context.lineTo(x0, y);
  if (inside) {
    context.lineTo(at - 4, y);
    context.moveTo(at + width + 4, y);
  }
  context.lineTo(x1, y);
  context.lineTo(x1, ends);
  context.stroke();
  context.fillStyle = ink.colours.text;
  context.font = font(ink, SIZE);
  context.textBaseline = 'middle';
  context.fillText(text, at, y);
}
