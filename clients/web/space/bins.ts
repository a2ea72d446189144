/** How full each column of pixels is, and of what, for areas that are too narrow to be drawn one by one. */
import type { Areas } from '../model/scene.ts';
import { atOrBefore } from '../model/search.ts';
import { type Scale, xOf } from './scale.ts';

/** Pixels: an area that is narrower is part of the density. */
export const NARROW = 2;

export interface Bins {
  readonly columns: number;
  /** Bytes by column, one array for each of AREA_KINDS. */
  readonly bytes: readonly Float32Array[];
}

export interface Visible {
  /** Whether any area is part of the density. */
  readonly dense: boolean;
  /** Indices of the areas that are wide enough, in order of address. */
  readonly wide: readonly number[];
}

export function openBins(columns: number, kinds: number): Bins {
  return { columns, bytes: Array.from({ length: kinds }, () => new Float32Array(columns)) };
}

/** Fills `bins` anew, and says which areas are not in them. Areas count with their guard pages, which nobody else can use. */
export function fillBins(bins: Bins, areas: Areas, scale: Scale): Visible {
  for (const column of bins.bytes) column.fill(0);
  const wide: number[] = [];
  let dense = false;
  const { address, size, guard, kind } = areas;
  for (let i = Math.max(0, atOrBefore(address, scale.start)); i < address.length; i++) {
    const from = address[i]!;
    if (from >= scale.end) break;
    const to = from + size[i]! + guard[i]!;
    if (to <= scale.start) continue;
    if ((to - from) / scale.perPixel >= NARROW) {
      wide.push(i);
      continue;
    }
    dense = true;
    spread(bins.bytes[kind[i]!]!, scale, from, to);
  }
  return { dense, wide };
}

/** Adds the bytes of a range to the columns that it covers. */
function spread(bytes: Float32Array, scale: Scale, from: number, to: number): void {
  const first = Math.max(0, Math.floor(xOf(scale, from)));
  const last = Math.min(bytes.length - 1, Math.floor(xOf(scale, to)));
  for (let x = first; x <= last; x++) {
    const left = scale.start + x * scale.perPixel;
    const covered = Math.min(to, left + scale.perPixel) - Math.max(from, left);
    if (covered > 0) bytes[x]! += covered;
  }
}
