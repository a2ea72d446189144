/** A window drawn to scale: one character is an equal share of it, and the numbers stand beside. */
import { fromHex } from '../../../protocol/address.ts';
import type { Span, WindowMap } from '../../../protocol/view/windows.ts';
import { bytes, counted, share } from './number.ts';
import { pairs } from './table.ts';

/** The character of what fills most of a cell. A cell that holds anything at all never shows as free. */
const GLYPH: Record<Span['kind'], string> = {
  module: '#',
  init: 'i',
  lazy: '~',
  reserved: '=',
  kernel: 'K',
  hole: '.',
};
const WORDS: Record<Span['kind'], string> = {
  module: 'modules',
  init: 'init',
  lazy: 'freed, not purged',
  reserved: 'reserved by others',
  kernel: 'kernel image',
  hole: 'free',
};
export const LEGEND = (Object.keys(GLYPH) as Span['kind'][]).map((kind) => `${GLYPH[kind]} ${WORDS[kind]}`).join('   ');

/** Rows of `columns` cells, each with the offset that it begins at. `style` is given runs of one character. */
export function drawWindow(
  map: WindowMap,
  columns: number,
  rows: number,
  style: (run: string) => string = (run) => run,
): string[] {
  const cells = columns * rows;
  const filled = fillCells(map, cells);
  const lines: string[] = [];
  for (let row = 0; row < rows; row++) {
    const offset = Math.floor((row * columns * map.size) / cells);
    const drawn = filled.slice(row * columns, (row + 1) * columns).join('');
    lines.push(`+${bytes(offset).padEnd(10)} |${drawn.replace(/(.)\1*/g, style)}|`);
  }
  return lines;
}

function fillCells(map: WindowMap, cells: number): string[] {
  const start = fromHex(map.start);
  const most = new Float64Array(cells);
  const glyphs = new Array<string>(cells).fill(GLYPH.hole);
  for (const span of map.spans) {
    if (span.kind === 'hole') continue;
    const from = ((fromHex(span.address) - start) / map.size) * cells;
    const to = from + (span.size / map.size) * cells;
    for (let cell = Math.floor(from); cell < Math.min(cells, Math.ceil(to)); cell++) {
      const part = Math.min(to, cell + 1) - Math.max(from, cell);
      if (part <= (most[cell] ?? 0)) continue;
      most[cell] = part;
      glyphs[cell] = GLYPH[span.kind];
    }
  }
  return glyphs;
}

/** The figures of a window. */
export function windowFigures(map: WindowMap): string[] {
  const holes = map.spans.filter((span) => span.kind === 'hole').length;
  const modules = new Set(map.spans.flatMap((span) => span.module ?? []));
  return pairs([
    ['range', `${map.start} – ${map.end}  ${bytes(map.size)}`],
    ['used', `${bytes(map.used)}  ${share(map.used, map.size)}, ${counted(modules.size, 'module')}`],
    ['free', `${bytes(map.free)} in ${counted(holes, 'hole')}, the largest ${bytes(map.largestHole)}`],
  ]);
}
