/** Time: the machine's whole history as curves, the position in it, and what moves it. */
import { useMemo } from 'preact/hooks';
import { scene } from '../state/app.ts';
import { Panel } from '../ui/panel.tsx';
import { axisOf } from './axis.ts';
import { Chart } from './chart.tsx';
import { curvesOf, drawnOf } from './curves.ts';
import { history } from './history.ts';
import { Rail } from './rail.tsx';
import './time.css';
import { Transport } from './transport.tsx';

export function Time() {
  const now = scene.value;
  const timeline = history.value;
  const { from, to } = axisOf(timeline, now?.head ?? 0);
  const axis = useMemo(() => ({ from, to }), [from, to]);
  const summary = now?.summary;
  const drawn = useMemo(() => (timeline === null ? null : drawnOf(timeline.buckets)), [timeline]);
  const curves = drawn === null || summary === undefined ? [] : curvesOf(drawn, summary);
  if (now === null) return null;
  return (
    <Panel id="time" title="Time" controls={<Transport scene={now} />}>
      <div class="time-curves">
        {curves.map((curve) => (
          <div class="time-row" key={curve.id}>
            <span class="time-label">{curve.label}</span>
            <span class="time-now number">{curve.now}</span>
            <Chart curve={curve} commits={timeline?.buckets.to ?? []} axis={axis} />
          </div>
        ))}
        {timeline === null && <p class="dim">Reading the history…</p>}
        <Rail scene={now} axis={axis} />
      </div>
    </Panel>
  );
}
