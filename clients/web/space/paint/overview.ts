/** Brackets around the windows and the image, with their names, above and below the overview. */
import { bytes } from '../../../../protocol/size.ts';
import type { Row, Rows } from '../rows.ts';
import { type Scale, xOf } from '../scale.ts';
import type { Range, World } from '../world.ts';
import { type Context, cut, font, type Ink } from './ink.ts';

const SIZE = 10;

export function paintBrackets(context: Context, ink: Ink, world: World, scale: Scale, rows: Rows): void {
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
