/** What the address space of a machine holds whatever is loaded: its windows, the kernel image, and what others hold. */
import { fromHex } from '../../../protocol/address.ts';
import type { Machine } from '../../../protocol/view/types.ts';

/** Addresses from `start` to before `end`. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

export interface WindowRange extends Range {
  readonly window: 'direct' | 'fallback';
}

export interface FixedRange extends Range {
  readonly kind: 'kernel' | 'reserved';
}

/** `start` to `end`: from the first to the last address of the windows and the image. */
export interface World extends Range {
  readonly windows: readonly WindowRange[];
  /** From its text to its end, guard page aside; code ends at `etext`. */
  readonly kernel: Range & { readonly etext: number };
  /** In order of address, without overlaps. */
  readonly fixed: readonly FixedRange[];
}

export function worldOf({ kernel, moduleRegion, reserved, pageSize }: Machine): World {
  const image = { start: fromHex(kernel.text), etext: fromHex(kernel.etext), end: fromHex(kernel.end) };
  const windows: WindowRange[] = [];
  for (const window of ['direct', 'fallback'] as const) {
    const range = moduleRegion[window];
    if (range) windows.push({ window, start: fromHex(range.start), end: fromHex(range.end) });
  }
  const start = Math.min(image.start, ...windows.map((window) => window.start));
  const end = Math.max(image.end, ...windows.map((window) => window.end));
  const taken = reserved.map(([from, to]): FixedRange => {
    const range = { start: fromHex(from), end: fromHex(to) };
    const ours = range.start >= image.start && range.end <= image.end + pageSize;
    return { ...range, kind: ours ? 'kernel' : 'reserved' };
  });
  return { start, end, windows, kernel: image, fixed: inOrder([{ ...image, kind: 'kernel' }, ...taken]) };
}

/** Those that come later in the list give way where two overlap. */
function inOrder(ranges: readonly FixedRange[]): readonly FixedRange[] {
  const sorted = ranges.map(({ start, end, kind }) => ({ start, end, kind })).sort((a, b) => a.start - b.start);
  const kept: FixedRange[] = [];
  for (const range of sorted) {
    const last = kept.at(-1);
    const start = last === undefined ? range.start : Math.max(range.start, last.end);
    if (range.end > start) kept.push({ ...range, start });
  }
  return kept;
}
