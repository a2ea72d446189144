/** Under the strip, what differs from the machine beside: a row of dashes for what moved, a solid line for what only this one has. */
import type { Areas } from '../../model/scene.ts';
import { atOrBefore } from '../../model/search.ts';
import type { Row } from '../rows.ts';
import { type Scale, xOf } from '../scale.ts';
import { type Context, font, type Ink } from './ink.ts';

const MOVED = 1;
const GLYPHS = ['', '⇄', '◆'] as const;
/** Pixels from which a glyph is drawn. */
const GLYPH_FROM = 14;

export function paintMarks(context: Context, ink: Ink, areas: Areas, marks: Uint8Array, scale: Scale, row: Row): void {
  const { address, size } = areas;
  context.textBaseline = 'middle';
  context.font = font(ink, 10);
  let drawn = -1;
  for (let i = Math.max(0, atOrBefore(address, scale.start)); i < address.length && address[i]! < scale.end; i++) {
    const mark = marks[i]!;
    if (mark === 0) continue;
    const x = Math.max(0, Math.floor(xOf(scale, address[i]!)));
    const end = Math.min(scale.width, Math.max(x + 1, Math.floor(xOf(scale, address[i]! + size[i]!)) - 1));
    if (end <= drawn) continue;
    drawn = end;
    context.fillStyle = mark === MOVED ? ink.colours.accent : ink.colours.flash;
    if (end - x >= GLYPH_FROM) context.fillText(GLYPHS[mark] ?? '', x + 1, row.top + row.height / 2 + 0.5);
    const from = end - x >= GLYPH_FROM ? x + 12 : x;
    if (mark === MOVED)
      for (let at = from; at < end; at += 4) context.fillRect(at, row.top + 3, Math.min(2, end - at), 3);
    else context.fillRect(from, row.top + 3, end - from, 3);
  }
}
