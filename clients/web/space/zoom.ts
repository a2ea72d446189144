/** Where the viewport goes. All in whole bytes, never outside the world; null is all of it, as state/app.ts `span` has it. */
import type { Range } from './world.ts';

/** Bytes of the smallest viewport: eight arm64 instructions. */
export const SMALLEST = 32;

/** `span`, or all. */
export function shown(span: Range | null, world: Range): Range {
  if (span === null) return world;
  return fitted(span.start, span.end - span.start, world) ?? world;
}

/** `size` bytes from `start` on, moved until it is inside. */
export function fitted(start: number, size: number, world: Range): Range | null {
  const all = world.end - world.start;
  const bytes = Math.max(SMALLEST, Math.round(size));
  if (bytes >= all) return null;
  const from = Math.round(Math.min(Math.max(start, world.start), world.end - bytes));
  return { start: from, end: from + bytes };
}

/** `factor` below 1 shows less; what is at `address` stays where it is. */
export function zoomed(span: Range | null, world: Range, address: number, factor: number): Range | null {
  const { start, end } = shown(span, world);
  const size = Math.max(SMALLEST, (end - start) * factor);
  return fitted(address - ((address - start) * size) / (end - start), size, world);
}

export function panned(span: Range | null, world: Range, bytes: number): Range | null {
  const { start, end } = shown(span, world);
  return fitted(start + bytes, end - start, world);
}

/** The viewport in which `range` takes up the middle. */
export function around(range: Range, world: Range): Range | null {
  const size = Math.max(SMALLEST, (range.end - range.start) * 1.2);
  return fitted((range.start + range.end - size) / 2, size, world);
}

/** Of the two edges that a drag in the overview moves. */
export function between(one: number, other: number, world: Range): Range | null {
  return fitted(Math.min(one, other), Math.abs(one - other), world);
}
