/**
 * The areas that are taken in an address range, as an immutable value: an AVL tree keyed by address. Each node knows the
 * span of its subtree and the largest hole in that span, so the lowest fit is found by one walk down, as the kernel does
 * on its tree of free areas (mm/vmalloc.c, find_vmap_lowest_match, v6.1 and v6.12). A change copies the path to the root
 * and shares the rest: every older version stays as it was, which is what makes going back in time and asking "what if"
 * cost nothing.
 *
 * Areas are half-open [start, end) in signed addresses, their guard page included.
 */
import { toHex } from '../../../protocol/address.ts';

export interface Area {
  readonly start: number;
  readonly end: number;
}

interface Node extends Area {
  readonly left: AreaTree;
  readonly right: AreaTree;
  readonly height: number;
  /** The start of the lowest and the end of the highest area of this subtree. */
  readonly low: number;
  readonly high: number;
  /** The largest hole between two areas of this subtree, in bytes. */
  readonly hole: number;
}

/** A set of areas that do not overlap; its inside is nobody's business. */
export type AreaTree = Node | null;

export const NO_AREAS: AreaTree = null;

/** `tree` and the area [start, end). Throws where that is empty or overlaps an area. */
export function insertArea(tree: AreaTree, start: number, end: number): AreaTree {
  if (!(start < end)) throw new Error(`area ${text(start, end)} is empty`);
  return insert(tree, start, end);
}

/** `tree` without the area that starts at `start`. Throws where there is none. */
export function removeArea(tree: AreaTree, start: number): AreaTree {
  if (tree === null) throw new Error(`no area starts at ${toHex(start)}`);
  if (start < tree.start) return balanced(removeArea(tree.left, start), tree.start, tree.end, tree.right);
  if (start > tree.start) return balanced(tree.left, tree.start, tree.end, removeArea(tree.right, start));
  if (tree.left === null) return tree.right;
  if (tree.right === null) return tree.left;
  const next = lowest(tree.right);
  return balanced(tree.left, next.start, next.end, removeArea(tree.right, next.start));
}

/** The area that starts at `start`. */
export function areaAt(tree: AreaTree, start: number): Area | undefined {
  let node = tree;
  while (node !== null && node.start !== start) node = start < node.start ? node.left : node.right;
  return node ?? undefined;
}

/** Whether no area has a byte in [start, end). */
export function isFree(tree: AreaTree, start: number, end: number): boolean {
  let node = tree;
  while (node !== null) {
    if (end <= node.start) node = node.left;
    else if (start >= node.end) node = node.right;
    else return false;
  }
  return true;
}

/** The lowest start of `length` free bytes within [lo, hi), a multiple of `align` (a power of two); undefined if none. */
export function lowestFit(tree: AreaTree, lo: number, hi: number, length: number, align: number): number | undefined {
  const start = lowestIn(tree, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, lo, hi, length, align);
  return Number.isNaN(start) ? undefined : start;
}

/** The areas with a byte in [lo, hi), in order of address. */
export function* areasIn(tree: AreaTree, lo: number, hi: number): Generator<Area, void, undefined> {
  if (tree === null || tree.high <= lo || tree.low >= hi) return;
  yield* areasIn(tree.left, lo, hi);
  if (tree.end > lo && tree.start < hi) yield { start: tree.start, end: tree.end };
  yield* areasIn(tree.right, lo, hi);
}

/** What is free in [lo, hi), in order of address. */
export function* holes(tree: AreaTree, lo: number, hi: number): Generator<Area, void, undefined> {
  let from = lo;
  for (const area of areasIn(tree, lo, hi)) {
    if (area.start > from) yield { start: from, end: area.start };
    from = area.end;
  }
  if (from < hi) yield { start: from, end: hi };
}

/** As lowestFit for the stretch (left, right) that `node` divides; NaN if none. It descends only where a hole is large enough. */
function lowestIn(
  node: AreaTree,
  left: number,
  right: number,
  lo: number,
  hi: number,
  length: number,
  align: number,
): number {
  if (right <= lo || left >= hi) return Number.NaN;
  if (node === null) {
    const start = Math.ceil(Math.max(left, lo) / align) * align;
    return start + length <= Math.min(right, hi) ? start : Number.NaN;
  }
  if (node.hole < length && node.low - left < length && right - node.high < length) return Number.NaN;
  const start = lowestIn(node.left, left, node.start, lo, hi, length, align);
  return Number.isNaN(start) ? lowestIn(node.right, node.end, right, lo, hi, length, align) : start;
}

function insert(tree: AreaTree, start: number, end: number): Node {
  if (tree === null) return node(null, start, end, null);
  if (end <= tree.start) return balanced(insert(tree.left, start, end), tree.start, tree.end, tree.right);
  if (start >= tree.end) return balanced(tree.left, tree.start, tree.end, insert(tree.right, start, end));
  throw new Error(`area ${text(start, end)} overlaps ${text(tree.start, tree.end)}`);
}

function lowest(tree: Node): Node {
  let found = tree;
  while (found.left !== null) found = found.left;
  return found;
}

function heightOf(tree: AreaTree): number {
  return tree === null ? 0 : tree.height;
}

function node(left: AreaTree, start: number, end: number, right: AreaTree): Node {
  let low = start;
  let high = end;
  let hole = 0;
  if (left !== null) {
    low = left.low;
    hole = Math.max(left.hole, start - left.high);
  }
  if (right !== null) {
    high = right.high;
    hole = Math.max(hole, right.hole, right.low - end);
  }
  return { left, right, start, end, height: Math.max(heightOf(left), heightOf(right)) + 1, low, high, hole };
}

/** A node over two subtrees whose heights differ by two at most, rotated so that they differ by one at most. */
function balanced(left: AreaTree, start: number, end: number, right: AreaTree): Node {
  const tilt = heightOf(left) - heightOf(right);
  if (left !== null && tilt > 1) {
    const inner = left.right;
    if (inner === null || heightOf(left.left) >= inner.height)
      return node(left.left, left.start, left.end, node(inner, start, end, right));
    return node(
      node(left.left, left.start, left.end, inner.left),
      inner.start,
      inner.end,
      node(inner.right, start, end, right),
    );
  }
  if (right !== null && tilt < -1) {
    const inner = right.left;
    if (inner === null || heightOf(right.right) >= inner.height)
      return node(node(left, start, end, inner), right.start, right.end, right.right);
    return node(
      node(left, start, end, inner.left),
      inner.start,
      inner.end,
      node(inner.right, right.start, right.end, right.right),
    );
  }
  return node(left, start, end, right);
}

function text(start: number, end: number): string {
  return `[${toHex(start)}, ${toHex(end)})`;
}
