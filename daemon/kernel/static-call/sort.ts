/**
 * The kernel's sort(): an in-place heapsort that is not stable, so equal elements come out in an order of its own.
 * Models lib/sort.c `sort_r`, v6.1 and v6.12 (which takes the two largest out in each round).
 */
import type { Layout } from '../../../protocol/profile.ts';

type Compare<T> = (a: T, b: T) => number;

/** Sorts `items` in place as the kernel of that layout does. */
export function kernelSort<T>(layout: Layout, items: T[], compare: Compare<T>): void {
  if (items.length < 2) return;
  if (layout === 'linux-6.1') sortOneByOne(items, compare);
  else sortTwoByTwo(items, compare);
}

function swap<T>(items: T[], a: number, b: number): void {
  const item = items[a] as T;
  items[a] = items[b] as T;
  items[b] = item;
}

const parent = (child: number): number => (child - 1) >> 1;

/**
 * Sifts element `a` down into the heap [a, n): down to a leaf by the larger child, then back up to where it belongs.
 * `first` says whether the first of two equal children is the larger one.
 */
function sift<T>(items: T[], a: number, n: number, compare: Compare<T>, first: boolean): void {
  const order = (i: number, j: number) => compare(items[i] as T, items[j] as T);
  let b = a;
  let c = 2 * b + 1;
  let d = c + 1;
  while (d < n) {
    const by = order(c, d);
    b = by > 0 || (first && by === 0) ? c : d;
    c = 2 * b + 1;
    d = c + 1;
  }
  // The last leaf may have no sibling.
  if (d === n) b = c;
  while (b !== a && order(a, b) >= 0) b = parent(b);
  c = b;
  while (b !== a) {
    b = parent(b);
    swap(items, b, c);
  }
}

function sortOneByOne<T>(items: T[], compare: Compare<T>): void {
  for (let a = items.length >> 1; a > 0; ) sift(items, --a, items.length, compare, true);
  for (let n = items.length - 1; n > 0; n--) {
    swap(items, 0, n);
    sift(items, 0, n, compare, true);
  }
}

function sortTwoByTwo<T>(items: T[], compare: Compare<T>): void {
  const order = (i: number, j: number) => compare(items[i] as T, items[j] as T);
  let n = items.length;
  for (let a = n >> 1; a > 0; ) sift(items, --a, n, compare, false);
  while (n > 3) {
    swap(items, 0, --n);
    const a = order(1, 2) <= 0 ? 2 : 1;
    swap(items, a, --n);
    // The hole at the second largest is filled first, then the root.
    for (let at = a; at >= 0; at -= a) sift(items, at, n, compare, false);
  }
  swap(items, 0, --n);
  if (n === 2 && order(0, 1) > 0) swap(items, 0, 1);
}
