/** What the timeline shows of a history: a row for each curve, with the value at a position. */
import { bytes } from '../../../protocol/size.ts';
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

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
const count = (number: number): string => number.toLocaleString('en');

const sum = (numbers: readonly number[]): number => numbers.reduce((all, number) => all + number, 0);

/** How many of all are one relative branch. */
function share(
  id: string,
  label: string,
  direct: readonly number[],
  all: readonly number[],
  directNow: number,
  allNow: number,
): Curve {
  return {
    id,
    label,
    colour: 'direct',
    kind: 'line',
    values: direct.map((number, i) => (all[i] ? number / all[i] : null)),
    top: 1,
    now: allNow === 0 ? '–' : percent(directNow / allNow),
  };
}

export function curvesOf(columns: TimelineColumns, summary: Summary): readonly Curve[] {
  const { windows, now, patches, machine, sites } = summary;
  const curves: Curve[] = [];
  for (const { window, used, size } of windows) {
    curves.push({
      id: window,
      label: machine?.arch === 'x86-64' ? `module window ${bytes(size)}` : `${window} window ${bytes(size)}`,
      colour: window === 'direct' ? 'accent' : 'veneers',
      kind: 'line',
      values: window === 'direct' ? columns.usedDirect : columns.usedFallback,
      top: size,
      now: `${bytes(used)}, ${percent(used / size)}`,
    });
  }
  const calls = columns.sitesDirect.map(
    (direct, i) =>
      direct +
      (columns.sitesVeneer[i] ?? 0) +
      (columns.sitesVeneers[i] ?? 0) +
      (columns.sitesTrapped[i] ?? 0) +
      (columns.sitesNone[i] ?? 0),
  );
  const branches = columns.branchesDirect.map((direct, i) => direct + (columns.branchesVeneer[i] ?? 0));
  curves.push(
    share('branches', 'branches direct', columns.branchesDirect, branches, now.direct, now.direct + now.veneer),
    share('calls', 'static calls direct', columns.sitesDirect, calls, sites[0] ?? 0, sum(sites)),
    {
      id: 'veneers',
      label: 'veneers',
      colour: 'veneer',
      kind: 'line',
      values: columns.veneers,
      now: count(now.veneers),
    },
    {
      id: 'patches',
      label: 'patches, log',
      colour: 'flash',
      kind: 'bars',
      values: columns.patches.map(Math.log1p),
      now: `${count(patches)} since boot`,
    },
    {
      id: 'events',
      label: 'events, log',
      colour: 'dim',
      kind: 'bars',
      values: columns.events.map(Math.log1p),
      now: '',
    },
  );
  return curves;
}
