/**
 * Calls as arcs. However many sites there are, the arcs that are drawn are bounded: those whose ends fall into the same bins
 * of pixels are one, and if that are too many still, those of most calls are drawn, of the rarer classes first.
 */
import { CLASSES } from '../../../protocol/view/static-call.ts';
import type { Sites } from '../model/scene.ts';
import type { Scale } from './scale.ts';

/** Arcs in one picture. */
export const ARCS_MAX = 260;
/** Of each class but `direct`, whose lines are dashed and so cost more. */
export const DASHED_MAX = 60;

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

export function arcsOf(sites: Sites, scale: Scale, { bin, max, dashedMax, only }: ArcRule = ALL): readonly Arc[] {
  const bins = Math.ceil(scale.width / bin) + 2 * OUT;
  const perBin = scale.perPixel * bin;
  const counts = new Map<number, number>();
  const { address, target, class: classes } = sites;
  const binOf = (at: number): number => {
    if (at < scale.start) return 0;
    if (at >= scale.end) return bins - 1;
    return OUT + Math.floor((at - scale.start) / perBin);
  };
  for (let i = 0; i < address.length; i++) {
    const to = target[i]!;
    if (Number.isNaN(to) || classes[i] === NOTHING || only?.(i) === false) continue;
    const a = binOf(address[i]!);
    const b = binOf(to);
    if ((a === 0 || a === bins - 1) && (b === 0 || b === bins - 1)) continue;
    const key = (classes[i]! * bins + a) * bins + b;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const middle = (index: number): number => {
    if (index === 0) return -bin;
    if (index === bins - 1) return scale.width + bin;
    return Math.min(scale.width, (index - OUT + 0.5) * bin);
  };
  const arcs: Arc[] = [];
  for (const [key, count] of counts) {
    const pair = key % (bins * bins);
    const from = middle(Math.floor(pair / bins));
    arcs.push({ from, to: middle(pair % bins), class: Math.floor(key / (bins * bins)), count });
  }
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
