/** What just happened: light at a patch, areas that grow from their base or dissolve; the same as marks where nothing moves. */
import { AREA_KINDS } from '../../model/scene.ts';
import { NARROW } from '../bins.ts';
import { BRIGHT_MS, type Flash, MOVE_MS, type Move, TRACE_MS } from '../changes.ts';
import type { Row, Rows } from '../rows.ts';
import { type Scale, xOf } from '../scale.ts';
import type { Context, Ink } from './ink.ts';
import { pixels } from './memory.ts';

/** `now` null: marks that stay. */
export function paintMoves(
  context: Context,
  ink: Ink,
  moves: readonly Move[],
  scale: Scale,
  row: Row,
  now: number | null,
): void {
  for (const { what, start, end, kind, since } of moves) {
    const found = pixels(scale, { start, end });
    if (found === undefined) continue;
    const { x } = found;
    const width = Math.max(2, found.width);
    if (now === null) {
      sign(context, ink, what, x + width / 2, row);
      continue;
    }
    const done = Math.min(1, (now - since) / MOVE_MS);
    const eased = 1 - (1 - done) ** 3;
    if ((end - start) / scale.perPixel < NARROW) {
      // Part of the density, which has changed already: only light on it.
      context.globalAlpha = 0.6 * (1 - done);
      context.fillStyle = ink.colours.text;
      context.fillRect(x, row.top, width, row.height);
    } else if (what === 'came') {
      // The area is there already: what has not grown yet is covered.
      context.fillStyle = ink.colours.hole;
      context.fillRect(x, row.top, width, row.height * (1 - eased));
      context.globalAlpha = 1 - done;
      context.fillStyle = ink.colours.text;
      context.fillRect(x, row.top + row.height * (1 - eased), width, 2);
    } else {
      context.globalAlpha = 1 - eased;
      context.fillStyle = ink.colours[AREA_KINDS[kind]!];
      context.fillRect(x, row.top, width, row.height);
    }
    context.globalAlpha = 1;
  }
}

function sign(context: Context, ink: Ink, what: Move['what'], x: number, row: Row): void {
  context.fillStyle = ink.colours.text;
  context.fillRect(x - 3, row.top + 5, 7, 1);
  if (what === 'came') context.fillRect(x, row.top + 2, 1, 7);
}

export function paintFlashes(
  context: Context,
  ink: Ink,
  flashes: readonly Flash[],
  scale: Scale,
  whole: Scale,
  rows: Rows,
  now: number | null,
): void {
  context.fillStyle = ink.colours.flash;
  const newest = new Map<number, number>();
  for (const { address, since } of flashes) {
    const x = Math.round(xOf(scale, address));
    const onWhole = Math.round(xOf(whole, address));
    const age = now === null ? TRACE_MS / 2 : now - since;
    context.globalAlpha = Math.max(0, 1 - age / TRACE_MS);
    if (onWhole >= 0 && onWhole <= whole.width) context.fillRect(onWhole, rows.world.top, 1, rows.world.height);
    if (x < 0 || x > scale.width) continue;
    newest.set(x, Math.min(age, newest.get(x) ?? Number.POSITIVE_INFINITY));
  }
  const base = rows.strip.top + rows.strip.height;
  for (const [x, age] of newest) {
    if (now !== null && age < BRIGHT_MS) {
      const left = 1 - age / BRIGHT_MS;
      context.globalAlpha = left;
      context.fillRect(x - 1, rows.arcs.top, 2, base - rows.arcs.top);
      context.globalAlpha = left * 0.25;
      context.fillRect(x - 5, rows.sites.top, 10, base - rows.sites.top);
    }
    // The trace: a wedge that points at the address.
    context.globalAlpha = Math.max(0, 1 - age / TRACE_MS);
    context.beginPath();
    context.moveTo(x, rows.strip.top + 1);
    context.lineTo(x - 4, rows.strip.top - 7);
    context.lineTo(x + 4, rows.strip.top - 7);
    context.fill();
  }
  context.globalAlpha = 1;
}
