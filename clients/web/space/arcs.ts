/**
 * Calls as arcs. However many sites there are, the arcs that are drawn are bounded: those whose ends fall into the same bins
 * of pixels are one, and if that are too many still, those of most calls are drawn, of the rarer classes first.
 */
import { CLASSES } from '../../../protocol/view/static-call.ts';
import type { Sites } from '../model/scene.ts';
import type { Scale } from './scale.ts';

/** Arcs in one picture. */
export const ARCS_MAX = 200;
/** Of each class but `direct`, whose lines are dashed and so cost more. */
export const DASHED_MAX = 40;

export interface Arc {
  /** Pixels; beyond the edges for an end that is not in the picture. */
  readonly from: number;
  readonly to: number;
  /** Index into CLASSES. */
  readonly class: number;
  /** Calls. */
  readonly count: number;
}

const DIRECT = CLASSES.indexOf('direct');
const NOTHING = CLASSES.indexOf('none');
/** Bins beyond each edge. */
const OUT = 1;

export interface ArcRule {
  /** Pixels of a bin. */
  readonly bin: number;
  readonly max: number;
  readonly dashedMax: number;
  /** Which sites count: all unless told. */
  readonly only?: (site: number) => boolean;
}

const ALL: ArcRule = { bin: 9, max: ARCS_MAX, dashedMax: DASHED_MAX };

/** Calls by class and pair of bins: all zero between two pictures, so that none has to begin with millions of zeros. */
let counts = new Uint32Array(0);

export function arcsOf(sites: Sites, scale: Scale, { bin, max, dashedMax, only }: ArcRule = ALL): readonly Arc[] {
  const bins = Math.ceil(scale.width / bin) + 2 * OUT;
  const last = bins - 1;
  if (counts.length < CLASSES.length * bins * bins) counts = new Uint32Array(CLASSES.length * bins * bins);
  const { address, target, class: classes } = sites;
  const binsPerByte = 1 / (scale.perPixel * bin);
  const { start, end } = scale;
  const touched: number[] = [];
  for (let i = 0; i < address.length; i++) {
    const to = target[i]!;
    const kind = classes[i]!;
    if (kind === NOTHING || Number.isNaN(to) || only?.(i) === false) continue;
    const from = address[i]!;
    const a = from < start ? 0 : from >= end ? last : OUT + Math.floor((from - start) * binsPerByte);
    const b = to < start ? 0 : to >= end ? last : OUT + Math.floor((to - start) * binsPerByte);
    if ((a === 0 || a === last) && (b === 0 || b === last)) continue;
    const at = (kind * bins + a) * bins + b;
    if (counts[at]! === 0) touched.push(at);
    counts[at]!++;
  }
  const middle = (index: number): number => {
    if (index === 0) return -bin;
    return index === last ? scale.width + bin : Math.min(scale.width, (index - OUT + 0.5) * bin);
  };
  const arcs = touched.map((at): Arc => {
    const pair = at % (bins * bins);
    const count = counts[at]!;
    counts[at] = 0;
    const from = middle(Math.floor(pair / bins));
    return { from, to: middle(pair % bins), class: Math.floor(at / (bins * bins)), count };
  });
  return bounded(arcs, max, dashedMax);
}

function bounded(arcs: readonly Arc[], max: number, dashedMax: number): readonly Arc[] {
  if (arcs.length <= Math.min(max, dashedMax)) return arcs;
  const most = (a: Arc, b: Arc): number => b.count - a.count;
  const kept: Arc[] = [];
  for (let kind = 0; kind < CLASSES.length; kind++) {
    if (kind === DIRECT) continue;
    kept.push(
      ...arcs
        .filter((arc) => arc.class === kind)
        .sort(most)
        .slice(0, dashedMax),
    );
  }
  const direct = arcs.filter((arc) => arc.class === DIRECT).sort(most);
  return [...direct.slice(0, Math.max(0, max - kept.length)), ...kept];
}
