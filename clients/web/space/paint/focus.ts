/** What is chosen and what is pointed at: outlines, arcs in full, the reach of a site with the distance to its target. */
import { bytes } from '../../../../protocol/size.ts';
import { signedDistance } from '../../asm/distance.ts';
import type { Scene } from '../../model/scene.ts';
import { arcsOf } from '../arcs.ts';
import type { Focus } from '../focus.ts';
import type { Row, Rows } from '../rows.ts';
import { type Scale, xOf } from '../scale.ts';
import type { Range } from '../world.ts';
import { arcTop, paintArcs, paintLeaving } from './calls.ts';
import { type Context, font, type Ink } from './ink.ts';
import { pixels } from './memory.ts';

const SIZE = 11;
/** Arcs of what is chosen fall together only where nobody could tell them apart. */
const FULL = { bin: 3, max: 700, dashedMax: 250 } as const;
/** Arcs whose ends are marked. */
const ENDS_MAX = 24;

export interface Look {
  readonly scene: Scene;
  /** Of the strip, and of the overview. */
  readonly scale: Scale;
  readonly whole: Scale;
  readonly rows: Rows;
  readonly reach: { readonly min: number; readonly max: number };
}

export function paintFocus(context: Context, ink: Ink, look: Look, focus: Focus, chosen: boolean): void {
  const { scene, scale, whole, rows } = look;
  const arcs = arcsOf(scene.sites, scale, { ...FULL, only: focus.calls });
  if (arcs.length > 0) {
    context.globalAlpha = 0.72;
    context.fillStyle = ink.colours.surface;
    context.fillRect(0, rows.arcs.top, scale.width, rows.arcs.height);
    context.globalAlpha = 1;
    paintArcs(context, ink, arcs, scale, rows.arcs, true);
    paintLeaving(context, ink, arcs, scale, rows.arcs);
    if (arcs.length <= ENDS_MAX) for (const { from, to } of arcs) ends(context, ink, from, to, rows.arcs);
  }
  for (const place of focus.places) {
    outline(context, ink, scale, place, rows.strip, chosen);
    mark(context, ink, whole, place, rows.world, chosen);
  }
}

/** A ring where a call begins, an arrow where it arrives. */
function ends(context: Context, ink: Ink, from: number, to: number, row: Row): void {
  const base = row.top + row.height;
  context.fillStyle = ink.colours.text;
  context.beginPath();
  context.arc(from, base, 2.5, 0, 2 * Math.PI);
  context.moveTo(to, base + 2);
  context.lineTo(to - 4, base - 6);
  context.lineTo(to + 4, base - 6);
  context.fill();
}

function outline(context: Context, ink: Ink, scale: Scale, place: Range, row: Row, chosen: boolean): void {
  const found = pixels(scale, place);
  if (found === undefined) return;
  const { x, width } = found.width >= 4 ? found : { x: found.x - 2, width: 4 };
  context.strokeStyle = chosen ? ink.colours.accent : ink.colours.text;
  context.lineWidth = chosen ? 2 : 1;
  context.strokeRect(Math.round(x) + 0.5, row.top + 0.5, Math.round(width) - 1, row.height - 1);
}

function mark(context: Context, ink: Ink, scale: Scale, place: Range, row: Row, chosen: boolean): void {
  const found = pixels(scale, place);
  if (found === undefined) return;
  context.fillStyle = chosen ? ink.colours.accent : ink.colours.text;
  const x = found.x + found.width / 2;
  context.fillRect(found.x, row.top, found.width, row.height);
  context.beginPath();
  context.moveTo(x, row.top + 4);
  context.lineTo(x - 4, row.top - 2);
  context.lineTo(x + 4, row.top - 2);
  context.fill();
}

/** What one branch from the site can reach is bright, all else dim; how far its target is stands at its arc. */
export function paintReach(context: Context, ink: Ink, { scene, scale, whole, rows, reach }: Look, site: number): void {
  const from = scene.sites.address[site]!;
  const target = scene.sites.target[site]!;
  const band = { start: from + reach.min, end: from + reach.max + 4 };
  shade(context, ink, whole, band, rows.world);
  shade(context, ink, scale, band, rows.strip);
  edges(context, ink, scale, band, from, rows);
  const seen = [from, target].some((address) => address >= scale.start && address < scale.end);
  if (Number.isNaN(target) || !seen) return;
  const said = signedDistance(target - from, reach);
  const words = `${said.inReach ? '✓' : '✕'} ${said.text} ${said.inReach ? 'in reach' : 'out of reach'}`;
  const [a, b] = [from, target].map((address) => Math.min(scale.width, Math.max(0, xOf(scale, address))));
  const longest = Math.max(Math.abs(a! - b!), scale.width / 5);
  tag(context, ink, words, (a! + b!) / 2, arcTop(a!, b!, longest, rows.arcs) + 4, scale.width, rows.arcs, said);
}

function shade(context: Context, ink: Ink, scale: Scale, band: Range, row: Row): void {
  context.globalAlpha = 0.5;
  context.fillStyle = ink.colours.surface;
  const left = Math.min(scale.width, Math.max(0, xOf(scale, band.start)));
  const right = Math.min(scale.width, Math.max(0, xOf(scale, band.end)));
  context.fillRect(0, row.top, left, row.height);
  context.fillRect(right, row.top, scale.width - right, row.height);
  context.globalAlpha = 1;
  context.fillStyle = ink.colours.accent;
  context.fillRect(left, row.top + row.height, Math.max(1, right - left), 2);
}

function edges(context: Context, ink: Ink, scale: Scale, band: Range, from: number, { arcs, strip }: Rows): void {
  context.strokeStyle = ink.colours.accent;
  context.fillStyle = ink.colours.accent;
  context.lineWidth = 1;
  context.font = font(ink, 10);
  context.textBaseline = 'bottom';
  for (const edge of [band.start, band.end]) {
    const x = Math.round(xOf(scale, edge)) + 0.5;
    if (x < 0 || x > scale.width) continue;
    context.beginPath();
    context.moveTo(x, arcs.top);
    context.lineTo(x, strip.top + strip.height);
    context.stroke();
    const words = edge < from ? `−${bytes(from - edge)}` : `+${bytes(edge - from)}`;
    const width = words.length * 10 * ink.character;
    context.fillText(
      words,
      edge < from && x + 4 + width < scale.width ? x + 4 : Math.max(2, x - width - 4),
      arcs.top + arcs.height - 2,
    );
  }
}

function tag(
  context: Context,
  ink: Ink,
  words: string,
  x: number,
  y: number,
  width: number,
  row: Row,
  said: { readonly share: number; readonly inReach: boolean },
): void {
  const long = words.length * SIZE * ink.character + 12;
  const left = Math.min(Math.max(2, x - long / 2), Math.max(2, width - long - 2));
  const top = Math.min(Math.max(row.top + 1, y), row.top + row.height - 22);
  context.fillStyle = ink.colours.raised;
  context.strokeStyle = said.inReach ? ink.colours.line : ink.colours.trapped;
  context.lineWidth = 1;
  context.beginPath();
  context.roundRect(left, top, long, 21, 3);
  context.fill();
  context.stroke();
  context.fillStyle = ink.colours.text;
  context.font = font(ink, SIZE);
  context.textBaseline = 'top';
  context.fillText(words, left + 6, top + 3);
  // How much of the reach is used.
  context.fillStyle = ink.colours.line;
  context.fillRect(left + 6, top + 16.5, long - 12, 2);
  context.fillStyle = said.inReach ? ink.colours.accent : ink.colours.trapped;
  context.fillRect(left + 6, top + 16.5, (long - 12) * said.share, 2);
}

/** The viewport in the overview, with a handle at each side. */
export function paintViewport(context: Context, ink: Ink, whole: Scale, span: Range, row: Row): void {
  const left = Math.max(0, xOf(whole, span.start));
  const right = Math.min(whole.width, xOf(whole, span.end));
  const x = Math.round(Math.min(left, whole.width - 5));
  const width = Math.max(5, Math.round(right - left));
  context.globalAlpha = 0.35;
  context.fillStyle = ink.colours.surface;
  context.fillRect(0, row.top, x, row.height);
  context.fillRect(x + width, row.top, whole.width - x - width, row.height);
  context.globalAlpha = 1;
  context.strokeStyle = ink.colours.accent;
  context.lineWidth = 1.5;
  context.strokeRect(x + 0.75, row.top - 1.25, width - 1.5, row.height + 2.5);
  if (width < 18) return;
  context.fillStyle = ink.colours.accent;
  const middle = row.top + row.height / 2;
  context.fillRect(x, middle - 4, 3, 8);
  context.fillRect(x + width - 3, middle - 4, 3, 8);
}
