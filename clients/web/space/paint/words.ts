/** The closest look: each instruction with its mnemonic, its operands, its bytes; sites marked in their class. */

import { CLASSES } from '../../../../protocol/view/static-call.ts';
import type { Word } from '../../model/queries/words.ts';
import type { Sites } from '../../model/scene.ts';
import { CLASS_WORDS } from '../../ui/class-mark.tsx';
import { siteNear } from '../place.ts';
import type { Row } from '../rows.ts';
import { type Scale, xOf } from '../scale.ts';
import { type Context, cut, font, type Ink } from './ink.ts';

const SIZE = 11;
const SMALL = 10;
const LINE = 12;
/** Pixels of a word from which its operands are written, too. */
const WHOLE = 44;
const PAD = 4;
const GLYPH = 14;

export function paintWords(
  context: Context,
  ink: Ink,
  words: readonly Word[],
  sites: Sites,
  scale: Scale,
  row: Row,
): void {
  const { colours } = ink;
  context.textBaseline = 'top';
  for (const { address, bytes, text, symbol } of words) {
    const length = bytes.length / 2;
    if (address + length <= scale.start || address >= scale.end) continue;
    const x = xOf(scale, address);
    const width = length / scale.perPixel - 1;
    context.fillStyle = colours.surface;
    context.fillRect(x, row.top, width + 1, row.height);
    context.fillStyle = colours.raised;
    context.fillRect(x, row.top, width, row.height);
    const site = siteNear(sites, address, 0);
    let left = x + PAD;
    if (site >= 0) {
      const kind = CLASSES[sites.class[site]!]!;
      context.fillStyle = colours[kind];
      context.fillRect(x, row.top, width, 3);
      context.font = font(ink, SIZE, 600);
      context.fillText(CLASS_WORDS[kind].glyph, left, row.top + 6);
      left += GLYPH;
    }
    const [mnemonic = '', ...rest] = text.split(' ');
    context.font = font(ink, SIZE, 600);
    context.fillStyle = colours.text;
    context.fillText(cut(ink, mnemonic, SIZE, x + width - left), left, row.top + 6);
    if (width < WHOLE) continue;
    context.font = font(ink, SMALL);
    let y = row.top + 6 + LINE + 1;
    const foot = row.top + row.height - LINE - 1;
    for (const line of wrapped(shortened(rest.join(' ')), Math.floor((width - 2 * PAD) / (SMALL * ink.character)))) {
      if (y + LINE > foot) break;
      context.fillText(line, x + PAD, y);
      y += LINE;
    }
    context.fillStyle = colours.dim;
    const named = symbol !== null && y + LINE <= foot;
    if (named) context.fillText(cut(ink, symbol, SMALL, width - PAD), x + PAD, foot - LINE);
    context.fillText(cut(ink, bytes, SMALL, width - PAD), x + PAD, foot);
  }
}

/** Addresses without the digits that all of them share. */
const shortened = (operands: string): string => operands.replaceAll(/0x[0-9a-f]{8}([0-9a-f]{8})\b/g, '…$1');

function wrapped(text: string, characters: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/(?<=,) ?/)) {
    if (line !== '' && line.length + word.length > characters) {
      lines.push(line);
      line = '';
    }
    line += word;
  }
  return [...lines, line].flatMap((whole) => whole.match(new RegExp(`.{1,${Math.max(1, characters)}}`, 'g')) ?? []);
}
