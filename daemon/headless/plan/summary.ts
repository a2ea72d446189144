/** The distribution over the rows of a sweep. Rows are taken in one by one; what is kept of each are a few numbers. */
import type { Window } from '../../../protocol/events/memory.ts';
import type { Failure, Row } from './row.ts';

/** `median` and `p95` are nearest ranks: values that occurred. */
export interface Distribution {
  readonly min: number;
  readonly median: number;
  readonly p95: number;
  readonly max: number;
  readonly mean: number;
}

export interface FailureCount extends Omit<Failure, 'words'> {
  readonly seeds: number;
  readonly share: number;
  /** The first seed at which it fails, and the kernel's words there. */
  readonly firstSeed: number;
  readonly words: string;
}

export interface Summary {
  readonly seeds: { readonly from: number; readonly count: number };
  /** `share` of the seeds at which all modules load, and the 95 % confidence interval (Wilson) of its probability. */
  readonly fits: { readonly seeds: number; readonly share: number; readonly low: number; readonly high: number };
  /** Most frequent first, then in order of loading. */
  readonly failures: readonly FailureCount[];
  readonly loaded: Distribution;
  readonly veneers: Distribution;
  readonly slotsUsed: Distribution;
  readonly slotsReserved: Distribution;
  /** Of all calls and jumps to other sections. */
  readonly directShare: Distribution;
  /** Modules with a part in the fallback window. */
  readonly far: Distribution;
  readonly windows: Readonly<Record<Window, WindowSummary | null>>;
  /** How many seeds have so many veneers: bins of equal width, each from `from + i * width` on. */
  readonly histogram: { readonly from: number; readonly width: number; readonly seeds: readonly number[] };
}

export interface WindowSummary {
  readonly size: number;
  readonly before: Distribution;
  readonly peak: Distribution;
  readonly after: Distribution;
  readonly largestHole: Distribution;
}

const BINS = 40;
/** The normal quantile of 95 %. */
const Z = 1.959964;

type Figure = (row: Row) => number;

const FIGURES = {
  loaded: (row) => row.loaded,
  veneers: (row) => row.veneers,
  slotsUsed: (row) => row.slots.used,
  slotsReserved: (row) => row.slots.reserved,
  far: (row) => row.far,
  directShare: ({ branches: { direct, veneer } }) => (direct + veneer === 0 ? 1 : direct / (direct + veneer)),
} as const satisfies Record<string, Figure>;

const OF_WINDOW = ['size', 'before', 'peak', 'after', 'largestHole'] as const;

export class Summing {
  readonly #from: number;
  readonly #columns = new Map<string, number[]>();
  readonly #failures = new Map<string, { first: Failure; seed: number; seeds: number }>();
  #count = 0;
  #fits = 0;

  constructor(from: number) {
    this.#from = from;
  }

  get count(): number {
    return this.#count;
  }

  /** Rows come in order of seed. */
  add(row: Row): void {
    this.#count++;
    if (row.fits) this.#fits++;
    for (const [name, figure] of Object.entries<Figure>(FIGURES)) this.#put(name, figure(row));
    for (const window of ['direct', 'fallback'] as const) {
      const fill = row.windows[window];
      if (fill) for (const name of OF_WINDOW) this.#put(`${window} ${name}`, fill[name]);
    }
    for (const failure of row.failed) {
      const key = `${failure.index} ${failure.errno} ${failure.step}`;
      const known = this.#failures.get(key);
      if (known) known.seeds++;
      else this.#failures.set(key, { first: failure, seed: row.seed ?? 0, seeds: 1 });
    }
  }

  /** Of at least one row. */
  summary(): Summary {
    const count = this.#count;
    const failures = [...this.#failures.values()]
      .sort((a, b) => b.seeds - a.seeds || a.first.index - b.first.index)
      .map(({ first, seed, seeds }) => ({ ...first, seeds, share: seeds / count, firstSeed: seed }));
    const of = (name: keyof typeof FIGURES) => distribution(this.#columns.get(name) ?? []);
    return {
      seeds: { from: this.#from, count },
      fits: { seeds: this.#fits, share: this.#fits / count, ...wilson(this.#fits, count) },
      failures,
      loaded: of('loaded'),
      veneers: of('veneers'),
      slotsUsed: of('slotsUsed'),
      slotsReserved: of('slotsReserved'),
      directShare: of('directShare'),
      far: of('far'),
      windows: { direct: this.#window('direct'), fallback: this.#window('fallback') },
      histogram: histogram(this.#columns.get('veneers') ?? []),
    };
  }

  #put(name: string, value: number): void {
    const column = this.#columns.get(name);
    if (column) column.push(value);
    else this.#columns.set(name, [value]);
  }

  #window(window: Window): WindowSummary | null {
    const of = (name: (typeof OF_WINDOW)[number]) => distribution(this.#columns.get(`${window} ${name}`) ?? []);
    if (!this.#columns.has(`${window} size`)) return null;
    return {
      size: of('size').max,
      before: of('before'),
      peak: of('peak'),
      after: of('after'),
      largestHole: of('largestHole'),
    };
  }
}

function distribution(values: readonly number[]): Distribution {
  const sorted = Float64Array.from(values).sort();
  const rank = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  const mean = sorted.reduce((sum, value) => sum + value, 0) / Math.max(1, sorted.length);
  return { min: rank(0), median: rank(0.5), p95: rank(0.95), max: rank(1), mean };
}

function wilson(hits: number, count: number): { low: number; high: number } {
  const share = hits / count;
  const square = (Z * Z) / count;
  const middle = share + square / 2;
  const spread = Z * Math.sqrt((share * (1 - share)) / count + square / (4 * count));
  return {
    low: hits === 0 ? 0 : (middle - spread) / (1 + square),
    high: hits === count ? 1 : (middle + spread) / (1 + square),
  };
}

function histogram(values: readonly number[]): Summary['histogram'] {
  let from = Number.POSITIVE_INFINITY;
  let to = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    from = Math.min(from, value);
    to = Math.max(to, value);
  }
  const width = Math.max(1, Math.ceil((to - from + 1) / BINS));
  const seeds = new Array<number>(Math.ceil((to - from + 1) / width)).fill(0);
  for (const value of values) {
    const bin = Math.floor((value - from) / width);
    seeds[bin] = (seeds[bin] ?? 0) + 1;
  }
  return { from, width, seeds };
}
