/** How full the windows are: what windowMaps says of the same areas, out of their columns. */
import { fromHex, toHex } from '../../../protocol/address.ts';
import type { Machine } from '../../../protocol/view/types.ts';
import type { Areas, WindowRow } from './scene.ts';

export function fillsOf(machine: Machine | null, areas: Areas): readonly WindowRow[] {
  if (machine === null) return [];
  const reserved = machine.reserved
    .map(([from, to]): readonly [number, number] => [fromHex(from), fromHex(to)])
    .sort(([a], [b]) => a - b);
  const rows: WindowRow[] = [];
  for (const window of ['direct', 'fallback'] as const) {
    const range = machine.moduleRegion[window];
    if (range) rows.push(fillOf(window, fromHex(range.start), fromHex(range.end), areas, reserved));
  }
  return rows;
}

function fillOf(
  window: WindowRow['window'],
  start: number,
  end: number,
  { address, size, guard }: Areas,
  reserved: readonly (readonly [from: number, to: number])[],
): WindowRow {
  let at = start;
  let free = 0;
  let largestHole = 0;
  let holes = 0;
  const hole = (to: number): void => {
    if (to <= at) return;
    free += to - at;
    largestHole = Math.max(largestHole, to - at);
    holes++;
  };
  const take = (from: number, to: number): void => {
    const first = Math.max(from, at);
    const last = Math.min(to, end);
    if (last <= first) return;
    hole(first);
    at = last;
  };
  let next = 0;
  for (let i = 0; i < address.length; i++) {
    const from = address[i] as number;
    for (; next < reserved.length && (reserved[next]?.[0] ?? 0) <= from; next++)
      take(...(reserved[next] as [number, number]));
    take(from, from + (size[i] as number) + (guard[i] as number));
  }
  for (; next < reserved.length; next++) take(...(reserved[next] as [number, number]));
  hole(end);
  const whole = end - start;
  return { window, start: toHex(start), end: toHex(end), size: whole, used: whole - free, free, largestHole, holes };
}
