/** Addresses under the strip: what all of them share is dim and said once, the rest is bright, in groups of four. */
import { toHex } from '../../../../protocol/address.ts';
import type { Row } from '../rows.ts';
import { type Scale, xOf } from '../scale.ts';
import { type Context, font, type Ink } from './ink.ts';

const SIZE = 10;
/** Pixels between two ticks, at least. */
const APART = 92;
/** Digits that are said once: addresses of one world hardly differ in them. */
const SHARED = 8;

export function paintRuler(context: Context, ink: Ink, scale: Scale, row: Row): void {
  const step = 2 ** Math.ceil(Math.log2(APART * scale.perPixel));
  context.font = font(ink, SIZE);
  context.textBaseline = 'top';
  context.fillStyle = ink.colours.line;
  context.fillRect(0, row.top, scale.width, 1);
  let shared = toHex(scale.start).slice(2, 2 + SHARED);
  const prefix = grouped(shared);
  const room = (prefix.length + 1) * SIZE * ink.character;
  context.fillStyle = ink.colours.dim;
  context.fillText(prefix, 2, row.top + 5);
  for (let address = Math.ceil(scale.start / step) * step; address < scale.end; address += step) {
    const x = Math.round(xOf(scale, address));
    const digits = toHex(address).slice(2);
    // Where the shared digits change, they are said again.
    const begins = digits.slice(0, SHARED) !== shared ? `${digits.slice(SHARED / 2, SHARED)} ` : '';
    const text = grouped(digits.slice(SHARED));
    const long = begins.length * SIZE * ink.character;
    context.fillStyle = ink.colours.dim;
    context.fillRect(x, row.top, 1, 4);
    const at = x + 3;
    if (at < room + 4 || at + long + text.length * SIZE * ink.character > scale.width) continue;
    shared = digits.slice(0, SHARED);
    context.fillText(begins, at, row.top + 5);
    context.fillStyle = ink.colours.text;
    context.fillText(text, at + long, row.top + 5);
  }
}

const grouped = (digits: string): string => digits.replace(/(.{4})(?=.)/g, '$1 ');
