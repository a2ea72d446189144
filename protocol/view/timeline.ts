/**
 * A machine's whole history as a bounded number of buckets: each covers as many commits as every other, and when there are
 * more buckets than that, neighbours become one. So memory is bounded, and a commit costs the same however many there were.
 * What comes of it depends on the commits alone, not on who has added them or when: what the daemon answers can be gone on
 * with.
 */
import type { Commit, Position } from '../commit.ts';
import type { Figures } from './gauge.ts';

/** Buckets in one answer, and where nobody says how many. */
export const TIMELINE_POINTS_MAX = 4096;
export const TIMELINE_POINTS = 1024;

/** What happened in a bucket. */
const SUMS = ['events', 'patches'] as const;

/** What stood at its end: `to` is its last commit, `time` when that was taken; the others are those of Figures. */
const STANDS = [
  'to',
  'time',
  'usedDirect',
  'usedFallback',
  'modules',
  'veneers',
  'branchesDirect',
  'branchesVeneer',
  'sitesDirect',
  'sitesVeneer',
  'sitesVeneers',
  'sitesTrapped',
  'sitesNone',
] as const;

export type TimelineColumn = (typeof SUMS)[number] | (typeof STANDS)[number];

/** Columns of one length: a bucket is what they have at the same place. */
export type TimelineColumns = Readonly<Record<TimelineColumn, readonly number[]>>;

/** Bucket i holds the commits from first + i * width to `to`: the last one may hold fewer. */
export interface Timeline {
  /** The first commit of the first bucket. */
  readonly first: number;
  /** Commits in a bucket, a power of two. */
  readonly width: number;
  readonly buckets: TimelineColumns;
}

/** GET /machines/:name/timeline: up to `position`. */
export interface TimelineAnswer extends Timeline {
  readonly position: Position;
}

export interface Series {
  /** Adds the next commit, with the figures after it. */
  add(commit: Commit, figures: Figures): void;
  /** What there is now, in at most so many buckets; a copy. */
  timeline(points: number): Timeline;
}

const COLUMNS: readonly TimelineColumn[] = [...STANDS, ...SUMS];

type Columns = Record<TimelineColumn, number[]>;

/** A series of at most `most` buckets that begins with commit `first`. */
export const newSeries = (most: number, first: number): Series => open(most, { first, width: 1, buckets: noColumns() });

/** A series of at most `most` buckets that goes on from `timeline`, which stays as it is. */
export const seriesFrom = (most: number, timeline: Timeline): Series => open(most, squeeze(timeline, most));

function open(most: number, begin: Squeezed): Series {
  let { first, width, buckets } = begin;
  return {
    add(commit, figures) {
      const index = Math.floor((commit.number - first) / width);
      const row = rowOf(commit, figures);
      if (index < buckets.to.length) {
        for (const name of STANDS) buckets[name][index] = row[name];
        for (const name of SUMS) buckets[name][index] = (buckets[name][index] ?? 0) + row[name];
        return;
      }
      for (const name of COLUMNS) buckets[name].push(row[name]);
      if (index >= most) ({ first, width, buckets } = squeeze({ first, width, buckets }, most));
    },
    timeline: (points) => squeeze({ first, width, buckets }, points),
  };
}

/** The buckets that end with commit `last` or before it. */
export function until({ first, width, buckets }: Timeline, last: number): Timeline {
  const whole = buckets.to.filter((to) => to <= last).length;
  const cut = noColumns();
  for (const name of COLUMNS) cut[name] = buckets[name].slice(0, whole);
  return { first, width, buckets: cut };
}

interface Squeezed extends Timeline {
  readonly buckets: Columns;
}

/** A copy of at most `points` buckets. */
function squeeze({ first, width, buckets }: Timeline, points: number): Squeezed {
  let together = 1;
  while (Math.ceil(buckets.to.length / together) > points) together *= 2;
  const squeezed = noColumns();
  for (const name of STANDS) squeezed[name] = together === 1 ? [...buckets[name]] : lasts(buckets[name], together);
  for (const name of SUMS) squeezed[name] = together === 1 ? [...buckets[name]] : sums(buckets[name], together);
  return { first, width: width * together, buckets: squeezed };
}

/** The last of each `together` values. */
function lasts(column: readonly number[], together: number): number[] {
  const all: number[] = [];
  for (let at = together - 1; at < column.length + together - 1; at += together) {
    all.push(column[Math.min(at, column.length - 1)] ?? 0);
  }
  return all;
}

/** The sum of each `together` values. */
function sums(column: readonly number[], together: number): number[] {
  const all: number[] = [];
  for (const [i, value] of column.entries()) {
    if (i % together === 0) all.push(value);
    else all[all.length - 1] = (all.at(-1) ?? 0) + value;
  }
  return all;
}

function rowOf({ number, time, events }: Commit, figures: Figures): Record<TimelineColumn, number> {
  const { used, modules, veneers, branches, sites } = figures;
  return {
    to: number,
    time,
    usedDirect: used.direct,
    usedFallback: used.fallback,
    modules,
    veneers,
    branchesDirect: branches.direct,
    branchesVeneer: branches.veneer,
    sitesDirect: sites.direct,
    sitesVeneer: sites.veneer,
    sitesVeneers: sites.veneers,
    sitesTrapped: sites.trapped,
    sitesNone: sites.none,
    events: events.length,
    patches: events.reduce((sum, { type }) => sum + (type === 'StaticCallPatched' ? 1 : 0), 0),
  };
}

const noColumns = (): Columns => Object.fromEntries(COLUMNS.map((name): [string, number[]] => [name, []])) as Columns;
