/** Rows of many measurements: beside each the same of an empty page in the same run, under the same load. */
import type { Row } from '../row.ts';
import type { Record } from './chromium.ts';
import { renderersOf, type TraceEvent } from './trace.ts';

const SHARES = { p50: 0.5, p95: 0.95, p99: 0.99, max: 1 } as const;

/** The value that a share of all are not above; NaN of none. */
export function share(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

/** A figure; where there is a raw one, less is better. */
export function row(metric: string, value: number, unit: string, raw: number | null = null): Row {
  return { bench: 'page', metric, value, unit, raw, ratio: raw === null ? null : raw / value };
}

export function shares(
  metric: string,
  values: readonly number[],
  raw: readonly number[] | null = null,
): readonly Row[] {
  return Object.entries(SHARES).map(([name, part]) =>
    row(`${metric} ${name}`, share(values, part), 'ms', raw && share(raw, part)),
  );
}

/** Milliseconds from each frame to the next. */
export const between = (frames: readonly number[]): readonly number[] =>
  frames.slice(1).map((at, i) => at - (frames[i] as number));

/** How smoothly it went: when frames came, what work they were, how busy the page's threads. */
export function smoothness(of: string, mine: Record, empty: Record, trace: readonly TraceEvent[]): readonly Row[] {
  const [page, bare] = renderersOf(trace);
  const seconds = ((mine.frames.at(-1) ?? 0) - (mine.frames[0] ?? 0)) / 1000;
  const long = ({ longTasks }: Record): number => longTasks.reduce((sum, ms) => sum + ms, 0);
  return [
    ...shares(`${of} frame`, between(mine.frames), between(empty.frames)),
    ...shares(`${of} work/frame`, page?.work ?? [], bare?.work ?? []),
    row(`${of} main thread`, (page?.main ?? Number.NaN) / seconds / 10, '% of a CPU', (bare?.main ?? 0) / seconds / 10),
    row(`${of} worker`, (page?.workers ?? Number.NaN) / seconds / 10, '% of a CPU'),
    row(`${of} long tasks`, mine.longTasks.length / seconds, 'a second', empty.longTasks.length / seconds),
    row(`${of} long tasks`, long(mine) / seconds, 'ms a second', long(empty) / seconds),
    row(`${of} scenes`, mine.scenes.length / seconds, 'scenes/s'),
  ];
}
