/** How full the windows are in the course of many loads. */
import type { Window } from '../../../protocol/events/memory.ts';
import { type Area, areasIn, holes } from '../../kernel/region/areas.ts';
import type { Region, Windows } from '../../kernel/region/region.ts';

/** Bytes, guard pages included. The fallback window mostly contains the direct one, whose areas then count in both. */
export interface WindowFill {
  readonly size: number;
  /** Taken before the first load: by the kernel image and by others. */
  readonly before: number;
  /** The most that was taken at any time: init memory that is not freed yet and what was freed lazily count. */
  readonly peak: number;
  readonly after: number;
  readonly largestHole: number;
}

export type WindowFills = Readonly<Record<Window, WindowFill | null>>;

interface Counter extends Area {
  readonly before: number;
  used: number;
  peak: number;
}

export class Fill {
  readonly direct: Counter | undefined;
  readonly fallback: Counter | undefined;

  constructor({ areas }: Region, { direct, fallback }: Windows) {
    const counter = (window: Area | undefined): Counter | undefined => {
      if (!window) return undefined;
      const { start, end } = window;
      let before = 0;
      for (const area of areasIn(areas, start, end)) before += Math.min(area.end, end) - Math.max(area.start, start);
      return { start, end, before, used: before, peak: before };
    };
    this.direct = counter(direct);
    this.fallback = counter(fallback);
  }

  /** `length` bytes from `address` on are nobody else's any more. */
  take(address: number, length: number): void {
    if (this.direct) change(this.direct, address, length, 1);
    if (this.fallback) change(this.fallback, address, length, 1);
  }

  /** They can be allocated again. */
  give(address: number, length: number): void {
    if (this.direct) change(this.direct, address, length, -1);
    if (this.fallback) change(this.fallback, address, length, -1);
  }

  /** The figures, `region` being what it has come to. */
  result(region: Region): WindowFills {
    return { direct: figures(this.direct, region), fallback: figures(this.fallback, region) };
  }
}

function change(counter: Counter, address: number, length: number, sign: 1 | -1): void {
  const from = Math.max(address, counter.start);
  const to = Math.min(address + length, counter.end);
  if (to <= from) return;
  counter.used += sign * (to - from);
  if (counter.used > counter.peak) counter.peak = counter.used;
}

function figures(counter: Counter | undefined, { areas }: Region): WindowFill | null {
  if (!counter) return null;
  const { start, end, before, used, peak } = counter;
  let largestHole = 0;
  for (const hole of holes(areas, start, end)) largestHole = Math.max(largestHole, hole.end - hole.start);
  return { size: end - start, before, peak, after: used, largestHole };
}
