/**
 * The windows of a machine as an unbroken row of areas and holes. An area's guard pages belong to it: nobody else may
 * use them. The fallback window usually contains the direct one, whose areas then show in both.
 */
import { fromHex, type Hex, toHex } from '../address.ts';
import type { Window } from '../events/memory.ts';
import type { ViewJson } from './json.ts';
import type { Area } from './types.ts';

export interface Span {
  readonly kind: 'module' | 'init' | 'lazy' | 'reserved' | 'kernel' | 'hole';
  readonly address: Hex;
  /** Bytes, guard pages included. */
  readonly size: number;
  readonly module?: string;
  readonly part?: Area['part'];
}

export interface WindowMap {
  readonly window: Window;
  readonly start: Hex;
  readonly end: Hex;
  readonly size: number;
  readonly used: number;
  readonly free: number;
  readonly largestHole: number;
  /** In order of address, from start to end without a gap. */
  readonly spans: readonly Span[];
}

interface Taken {
  readonly start: number;
  readonly end: number;
  readonly kind: Exclude<Span['kind'], 'hole'>;
  readonly area?: Area;
}

export function windowMaps({ machine, areas }: Pick<ViewJson, 'machine' | 'areas'>): WindowMap[] {
  if (machine === null) return [];
  const kernel = { start: fromHex(machine.kernel.text), end: fromHex(machine.kernel.end) };
  const taken: Taken[] = machine.reserved.map(([from, to]) => {
    const [start, end] = [fromHex(from), fromHex(to)];
    return { start, end, kind: start >= kernel.start && end <= kernel.end + machine.pageSize ? 'kernel' : 'reserved' };
  });
  for (const area of areas) {
    const start = fromHex(area.address);
    taken.push({ start, end: start + area.size + area.guard, kind: kindOf(area), area });
  }
  taken.sort((a, b) => a.start - b.start);
  const maps: WindowMap[] = [];
  for (const window of ['direct', 'fallback'] as const) {
    const range = machine.moduleRegion[window];
    if (range) maps.push(windowMap(window, fromHex(range.start), fromHex(range.end), taken));
  }
  return maps;
}

function kindOf(area: Area): Exclude<Span['kind'], 'hole'> {
  if (area.lazy) return 'lazy';
  return area.part.startsWith('init') ? 'init' : 'module';
}

function windowMap(window: Window, start: number, end: number, taken: readonly Taken[]): WindowMap {
  const spans: Span[] = [];
  let free = 0;
  let largestHole = 0;
  const hole = (from: number, to: number): void => {
    if (to <= from) return;
    spans.push({ kind: 'hole', address: toHex(from), size: to - from });
    free += to - from;
    largestHole = Math.max(largestHole, to - from);
  };
  let at = start;
  for (const { start: from, end: to, kind, area } of taken) {
    const first = Math.max(from, at);
    const last = Math.min(to, end);
    if (last <= first) continue;
    hole(at, first);
    const owner = area ? { module: area.module, part: area.part } : {};
    spans.push({ kind, address: toHex(first), size: last - first, ...owner });
    at = last;
  }
  hole(at, end);
  const size = end - start;
  return { window, start: toHex(start), end: toHex(end), size, used: size - free, free, largestHole, spans };
}
