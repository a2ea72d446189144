import { expect, it } from 'vitest';
import { curvesOf, drawnOf } from '../../../clients/web/time/curves.ts';
import { emptyView } from '../../../protocol/view/fold.ts';
import { CLASSES } from '../../../protocol/view/static-call.ts';
import { newSeries } from '../../../protocol/view/timeline.ts';

const figures = {
  ...{ used: { direct: 0, fallback: 0 }, modules: 1, veneers: 0, branches: { direct: 0, veneer: 0 } },
  sites: { direct: 9999, veneer: 1, veneers: 0, trapped: 0, none: 500 },
};

it('PAGE-140: the share of direct calls is of those that call something, and all of them only where it is', () => {
  const series = newSeries(4, 1);
  const command = { type: 'unload', module: 'm' } as const;
  series.add({ v: 1, number: 1, time: 0, id: 'a', command, events: [] }, figures);
  const drawn = drawnOf(series.timeline(4).buckets);
  expect(drawn.callShare).toEqual([0.9999]);
  const { now, ever } = emptyView();
  const summary = {
    ...{ windows: [], modules: 1, patches: 0, machine: null, failures: [], bookmarks: [], fork: null },
    ...{ now, ever, sites: CLASSES.map((name) => figures.sites[name]) },
  };
  const curve = curvesOf(drawn, summary).find(({ id }) => id === 'calls');
  expect(curve?.now).toBe('99.9 %');
});
