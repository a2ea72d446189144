/** Calls: arcs by class, told apart by colour and by line, and sites as ticks. */

import { count } from '../../../../protocol/count.ts';
import type { CallClass } from '../../../../protocol/events/static-call.ts';
import { CLASSES } from '../../../../protocol/view/static-call.ts';
import type { Sites } from '../../model/scene.ts';
import { lowerBound } from '../../model/search.ts';
import { CLASS_WORDS } from '../../ui/class-mark.tsx';
import type { Arc } from '../arcs.ts';
import type { Row } from '../rows.ts';
import { type Scale, xOf } from '../scale.ts';
import { type Context, font, type Ink } from './ink.ts';

/** How the line of a class looks; the legend shows the same. */
export const DASHES: Readonly<Record<CallClass, readonly number[]>> = {
  direct: [],
  veneer: [8, 4],
  veneers: [8, 3, 2, 3],
  trapped: [2, 3],
  none: [1, 5],
};
/** Pixels above the strip; where several sites share a pixel, the last of these that is among them shows. */
const TICKS: readonly (readonly [CallClass, number])[] = [
  ['none', 2],
  ['direct', 4],
  ['veneer', 6],
  ['veneers', 7],
  ['trapped', 9],
];
const SMALL = 10;
const FEW = 100;
const WEIGHTS = [
  { from: 1, width: 1, alpha: 0.3 },
  { from: 10, width: 1.2, alpha: 0.4 },
  { from: 100, width: 2, alpha: 0.7 },
] as const;

export function paintArcs(
  context: Context,
  ink: Ink,
  arcs: readonly Arc[],
  scale: Scale,
  row: Row,
  full = false,
): void {
  const longest = longestOf(arcs, scale.width);
  // The fewer there are, the stronger each.
  const few = 0.85 - Math.min(arcs.length, FEW) / FEW;
  for (const [index, name] of CLASSES.entries()) {
    const mine = arcs.filter((arc) => arc.class === index);
    if (mine.length === 0) continue;
    context.strokeStyle = ink.colours[name];
    context.setLineDash(DASHES[name] as number[]);
    for (const [level, { from, width, alpha }] of WEIGHTS.entries()) {
      const below = WEIGHTS[level + 1]?.from ?? Number.POSITIVE_INFINITY;
      const these = mine.filter(({ count }) => count >= from && count < below);
      if (these.length === 0) continue;
      context.globalAlpha = full ? 0.9 : Math.max(alpha, few);
      context.lineWidth = full ? Math.max(1.3, width) : width;
      context.beginPath();
      for (const arc of these) traceArc(context, arc, scale.width, longest, row, index);
      context.stroke();
    }
  }
  context.setLineDash([]);
  context.globalAlpha = 1;
}

/** Where the middle of an arc is: for labels. */
export function arcTop(from: number, to: number, longest: number, row: Row): number {
  return row.top + row.height - heightOf(from, to, longest, row);
}

/** The longest arc is as high as the row. */
function heightOf(from: number, to: number, longest: number, row: Row): number {
  return Math.min(row.height - 3, 8 + (row.height - 11) * Math.sqrt(Math.abs(to - from) / longest));
}

/** Pixels of the longest arc; none counts as shorter than a fifth of the picture. */
export function longestOf(arcs: readonly Arc[], width: number): number {
  let longest = width / 5;
  for (const { from, to } of arcs) {
    if (Math.min(from, to) >= 0 && Math.max(from, to) <= width) longest = Math.max(longest, Math.abs(to - from));
  }
  return longest;
}

function traceArc(context: Context, { from, to }: Arc, width: number, longest: number, row: Row, level: number): void {
  const base = row.top + row.height;
  const inside = (x: number): boolean => x >= 0 && x <= width;
  if (inside(from) && inside(to)) {
    context.moveTo(from, base);
    context.quadraticCurveTo((from + to) / 2, base - 2 * heightOf(from, to, longest, row), to, base);
    return;
  }
  // One end is elsewhere: the line leaves at the edge, each class at a height of its own.
  const [x, edge] = inside(from) ? [from, to < 0 ? 0 : width] : [to, from < 0 ? 0 : width];
  const y = leavesAt(row, level);
  context.moveTo(x, base);
  context.quadraticCurveTo(x, y, x + (edge - x) * Math.min(1, 60 / Math.max(60, Math.abs(edge - x))), y);
  context.lineTo(edge, y);
}

/** Each class leaves the picture at a height of its own. */
const leavesAt = (row: Row, level: number): number => row.top + 6 + level * 14;

/** How many calls go on beyond each edge, written under the lines that leave there. */
export function paintLeaving(context: Context, ink: Ink, arcs: readonly Arc[], scale: Scale, row: Row): void {
  context.font = font(ink, SMALL);
  context.textBaseline = 'top';
  for (const [level, name] of CLASSES.entries()) {
    const mine = arcs.filter((arc) => arc.class === level);
    const left = sum(mine.filter(({ from, to }) => Math.min(from, to) < 0));
    const right = sum(mine.filter(({ from, to }) => Math.max(from, to) > scale.width));
    context.fillStyle = ink.colours[name];
    if (left > 0) context.fillText(`← ${count(left)} ${CLASS_WORDS[name].name}`, 6, leavesAt(row, level) + 2);
    if (right === 0) continue;
    const words = `${count(right)} ${CLASS_WORDS[name].name} →`;
    context.fillText(words, scale.width - 6 - words.length * SMALL * ink.character, leavesAt(row, level) + 2);
  }
}

const sum = (arcs: readonly Arc[]): number => arcs.reduce((total, { count }) => total + count, 0);

const RANK = CLASSES.map((name) => TICKS.findIndex(([of]) => of === name) + 1);

/** `ranks`: one number a pixel, kept from one call to the next. */
export function paintSites(context: Context, ink: Ink, sites: Sites, scale: Scale, row: Row, ranks: Uint8Array): void {
  ranks.fill(0);
  const { address, class: classes } = sites;
  for (let i = lowerBound(address, scale.start); i < address.length && address[i]! < scale.end; i++) {
    const x = Math.floor(xOf(scale, address[i]!));
    const rank = RANK[classes[i]!]!;
    if (rank > ranks[x]!) ranks[x] = rank;
  }
  const base = row.top + row.height;
  for (const [index, [name, height]] of TICKS.entries()) {
    context.fillStyle = ink.colours[name];
    for (let x = 0; x < ranks.length; ) {
      if (ranks[x] !== index + 1) {
        x++;
        continue;
      }
      let end = x + 1;
      while (ranks[end] === index + 1) end++;
      context.fillRect(x, base - height, end - x, height);
      x = end;
    }
  }
}
