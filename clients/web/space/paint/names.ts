/** Names on what is wide enough for them: upright in narrow blocks, with the size where there is room. */

import { PARTS } from '../../../../protocol/parts.ts';
import { bytes } from '../../../../protocol/size.ts';
import type { Scene } from '../../model/scene.ts';
import type { Row } from '../rows.ts';
import type { Scale } from '../scale.ts';
import type { World } from '../world.ts';
import { type Context, cut, font, type Ink } from './ink.ts';
import { pixels } from './memory.ts';

const SIZE = 11;
const SMALL = 10;
/** Pixels: from here on a name is written along, from here on upright. */
const ALONG = 42;
const UPRIGHT = 13;
const PAD = 5;
/** Pixels of the band above the sections of a module that is looked at closely. */
export const HEAD = 16;
/** Pixels of an area from which its sections are shown. */
export const CLOSE = 150;

export function paintNames(
  context: Context,
  ink: Ink,
  scene: Scene,
  wide: readonly number[],
  scale: Scale,
  row: Row,
): void {
  const { areas, names } = scene;
  context.textBaseline = 'middle';
  for (const i of wide) {
    const start = areas.address[i]!;
    const found = pixels(scale, { start, end: start + areas.size[i]! });
    if (found === undefined || found.width < UPRIGHT) continue;
    const part = PARTS[areas.part[i]!] ?? 'core';
    const whole = part === 'core' ? names[areas.module[i]!]! : `${names[areas.module[i]!]} ${part}`;
    const facts = bytes(areas.size[i]!);
    context.fillStyle = ink.colours.text;
    context.font = font(ink, SIZE);
    const x = Math.max(0, found.x);
    if (found.width >= CLOSE) {
      context.fillText(cut(ink, `${whole}  ${facts}`, SIZE, found.width - 2 * PAD), x + PAD, row.top + HEAD / 2 + 0.5);
    } else if (found.width >= ALONG) {
      const both = row.height >= 40;
      const middle = row.top + row.height / 2 - (both ? 7 : 0);
      context.fillText(cut(ink, whole, SIZE, found.width - 2 * PAD), x + PAD, middle);
      if (!both) continue;
      context.globalAlpha = 0.75;
      context.font = font(ink, SMALL);
      context.fillText(cut(ink, facts, SMALL, found.width - 2 * PAD), x + PAD, middle + 14);
      context.globalAlpha = 1;
    } else if (row.height >= 40) {
      upright(context, cut(ink, whole, SMALL, row.height - 8), found.x + found.width / 2, row, font(ink, SMALL));
    }
  }
}

/** What is no module's. */
export function paintFixedNames(context: Context, ink: Ink, world: World, scale: Scale, row: Row): void {
  context.textBaseline = 'middle';
  context.font = font(ink, SIZE);
  for (const range of world.fixed) {
    const found = pixels(scale, range);
    if (found === undefined || found.width < ALONG) continue;
    const words = range.kind === 'kernel' ? 'kernel image' : 'not ours';
    const text = cut(ink, words, SIZE, found.width - 2 * PAD);
    context.fillStyle = ink.colours.text;
    context.fillText(text, Math.max(0, found.x) + PAD, row.top + row.height / 2);
  }
}

function upright(context: Context, text: string, x: number, row: Row, of: string): void {
  if (text === '') return;
  context.save();
  context.translate(x, row.top + row.height - 4);
  context.rotate(-Math.PI / 2);
  context.font = of;
  context.fillText(text, 0, 0.5);
  context.restore();
}
