/** What the timeline shows of a history: a row for each curve, with the value at a position. */
import { count, share } from '../../../protocol/count.ts';
import { bytes } from '../../../protocol/size.ts';
import { CLASSES } from '../../../protocol/view/static-call.ts';
import type { TimelineColumns } from '../../../protocol/view/timeline.ts';
import type { Summary } from '../model/scene.ts';
import type { ColourName } from '../ui/colours.ts';

export interface Curve {
  readonly id: string;
  readonly label: string;
  readonly colour: ColourName;
  /** Bars for what happens, as high as its logarithm; a line for what is. */
  readonly kind: 'line' | 'bars';
  readonly values: readonly (number | null)[];
  /** The top of the scale; undefined: the largest value. */
  readonly top?: number;
  /** The value at the position that is shown, in words. */
  readonly now: string;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, number) => all + number, 0);

const shares = (some: readonly number[], all: readonly number[]): readonly (number | null)[] =>
  some.map((number, i) => (all[i] ? number / all[i] : null));

const NONE = CLASSES.indexOf('none');

/** How many of all are one relative branch. */
function shareCurve(
  id: string,
  label: string,
  values: readonly (number | null)[],
  directNow: number,
  allNow: number,
): Curve {
  return {
    id,
    label,
    colour: 'direct',
    kind: 'line',
    values,
    top: 1,
    now: share(directNow, allNow),
  };
}

/** A history, and what the curves need that it does not have itself. */
export interface Drawn extends TimelineColumns {
  /** Shares of direct ones, null where there are none at all. */
  readonly branchShare: readonly (number | null)[];
  readonly callShare: readonly (number | null)[];
  readonly patchesLog: readonly number[];
  readonly eventsLog: readonly number[];
}

/** Once for a history: a curve whose values are the same list is not drawn anew. */
export function drawnOf(columns: TimelineColumns): Drawn {
  // Where nothing is called there is no call.
  const calls = columns.sitesDirect.map(
    (direct, i) =>
      direct + (columns.sitesVeneer[i] ?? 0) + (columns.sitesVeneers[i] ?? 0) + (columns.sitesTrapped[i] ?? 0),
  );
  const branches = columns.branchesDirect.map((direct, i) => direct + (columns.branchesVeneer[i] ?? 0));
  return {
    ...columns,
    branchShare: shares(columns.branchesDirect, branches),
    callShare: shares(columns.sitesDirect, calls),
    patchesLog: columns.patches.map(Math.log1p),
    eventsLog: columns.events.map(Math.log1p),
  };
}

export function curvesOf(drawn: Drawn, summary: Summary): readonly Curve[] {
  const { windows, now, patches, machine, sites } = summary;
  const curves: Curve[] = [];
  for (const { window, used, size } of windows) {
    curves.push({
      id: window,
      label: machine?.arch === 'x86-64' ? `module window ${bytes(size)}` : `${window} window ${bytes(size)}`,
      colour: window === 'direct' ? 'accent' : 'veneers',
      kind: 'line',
      values: window === 'direct' ? drawn.usedDirect : drawn.usedFallback,
      top: size,
      now: `${bytes(used)}, ${share(used, size)}`,
    });
  }
  curves.push(
    shareCurve('branches', 'branches direct', drawn.branchShare, now.direct, now.direct + now.veneer),
    shareCurve('calls', 'static calls direct', drawn.callShare, sites[0] ?? 0, sum(sites) - (sites[NONE] ?? 0)),
    {
      id: 'veneers',
      label: 'veneers',
      colour: 'veneer',
      kind: 'line',
      values: drawn.veneers,
      now: count(now.veneers),
    },
    {
      id: 'patches',
      label: 'patches, log',
      colour: 'flash',
      kind: 'bars',
      values: drawn.patchesLog,
      now: `${count(patches)} since boot`,
    },
    {
      id: 'events',
      label: 'events, log',
      colour: 'dim',
      kind: 'bars',
      values: drawn.eventsLog,
      now: '',
    },
  );
  return curves;
}
