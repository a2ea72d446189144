/** One curve of the timeline, without axes: the row's label says what it is, the rail over all rows where. */
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { colours } from '../ui/colours.ts';
import type { Axis } from './axis.ts';
import type { Curve } from './curves.ts';

export interface ChartProps {
  readonly curve: Curve;
  /** The last commit of each bucket. */
  readonly commits: readonly number[];
  readonly axis: Axis;
}

export function Chart({ curve, commits, axis }: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef({ curve, axis });
  latest.current = { curve, axis };
  const colour = colours.value[curve.colour];

  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const chart = new uPlot(options(curve, colour, latest, element), [[], []], element);
    plot.current = chart;
    const observer = new ResizeObserver(() =>
      chart.setSize({ width: element.clientWidth, height: element.clientHeight }),
    );
    observer.observe(element);
    return () => {
      observer.disconnect();
      chart.destroy();
    };
  }, [curve.id, curve.kind, colour]);

  useEffect(() => {
    plot.current?.setData([commits as number[], curve.values as (number | null)[]]);
  }, [curve.values, commits, axis.from, axis.to, colour]);

  return <div class="time-chart" ref={box} aria-hidden="true" />;
}

function options(
  { kind }: Curve,
  colour: string,
  latest: { readonly current: { readonly curve: Curve; readonly axis: Axis } },
  { clientWidth, clientHeight }: HTMLElement,
): uPlot.Options {
  const bars = kind === 'bars' && uPlot.paths.bars?.({ size: [1, 3], align: -1 });
  const steps = kind === 'line' && uPlot.paths.stepped?.({ align: -1 });
  const paths = bars || steps;
  return {
    width: clientWidth,
    height: clientHeight,
    padding: [2, 0, 1, 0],
    legend: { show: false },
    cursor: { show: false },
    axes: [{ show: false }, { show: false }],
    scales: {
      x: { time: false, range: () => [latest.current.axis.from, Math.max(latest.current.axis.to, 1)] },
      y: { range: (_plot, _min, max) => [0, latest.current.curve.top ?? Math.max(max, 1)] },
    },
    series: [
      {},
      {
        stroke: colour,
        width: 1,
        points: { show: false },
        ...(kind === 'bars' ? { fill: colour } : { fill: `color-mix(in srgb, ${colour} 22%, transparent)` }),
        ...(paths && { paths }),
      },
    ],
  };
}
