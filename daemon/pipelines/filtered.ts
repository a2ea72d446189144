/** Commits as a filter leaves them. What many subscriptions filter in the same way is filtered once. */
import type { Commit } from '../../protocol/commit.ts';
import { type Filter, matcher } from '../../protocol/filter.ts';
import type { Batch } from './batch.ts';
import { decode } from './entry.ts';

/** `text` is JSON: the commits that something is left of, with a comma between two. */
export interface Filtered {
  readonly count: number;
  readonly text: string;
}

const NOTHING: Filtered = { count: 0, text: '' };

/** By batch, then by filter: a batch is read by many at about the same time, and then by nobody. */
const known = new WeakMap<Batch, { commits: readonly Commit[] | undefined; byFilter: Map<string, Filtered> }>();
/** Filters whose result is kept with a batch. */
const KEPT = 16;

/** The filter of one subscription. */
export function openFilter(machine: string, filter: Filter): (batch: Batch) => Filtered {
  const matches = matcher(filter);
  const key = JSON.stringify(filter);
  return (batch) => {
    const of = known.get(batch) ?? { commits: undefined, byFilter: new Map<string, Filtered>() };
    known.set(batch, of);
    const before = of.byFilter.get(key);
    if (before !== undefined) return before;
    of.commits ??= batch.entries.map((entry) => decode(machine, entry));
    const texts: string[] = [];
    for (const commit of of.commits) {
      const events = commit.events.filter(matches);
      if (events.length > 0) texts.push(JSON.stringify({ ...commit, events }));
    }
    const filtered = texts.length === 0 ? NOTHING : { count: texts.length, text: texts.join(',') };
    if (of.byFilter.size < KEPT) of.byFilter.set(key, filtered);
    return filtered;
  };
}
