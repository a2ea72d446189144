/**
 * What differs between two views, in words and numbers: of one machine at two positions, or of two machines. Sites are
 * counted by class and never listed, so that a diff is small beside the views. `equal` says that they are the same in
 * everything but their position and the order of lists; between two machines the numbers of commits do not count.
 */
import { differing, ownMember, same } from '../same.ts';
import {
  type Change,
  DIFF_FORMAT,
  type Fill,
  type KeyChange,
  type ModuleChange,
  type ModuleEntry,
  type PartPlace,
  type ViewDiff,
} from './diff-form.ts';
import type { ModuleJson, ViewJson } from './json.ts';
import { callClasses, classesOf, type StaticCallKey } from './static-call.ts';
import type { Bookmark, Failure, Module } from './types.ts';
import { type WindowMap, windowMaps } from './windows.ts';

type Parts = Omit<ViewDiff, 'format' | 'equal'>;

/** `oneLog`: both are of one machine, so that numbers of commits mean the same in both. */
export function diffViews(from: ViewJson, to: ViewJson, oneLog: boolean): ViewDiff {
  const parts: Parts = {
    machine: changes(from.machine ?? {}, to.machine ?? {}),
    modules: modulesDiff(from.modules, to.modules, oneLog),
    windows: windowsDiff(from, to),
    areas: areasDiff(from, to),
    keys: keysDiff(from.staticCalls.keys, to.staticCalls.keys),
    classes: change(callClasses(from.staticCalls), callClasses(to.staticCalls)) ?? null,
    counters: {
      ever: changes(from.ever, to.ever),
      now: changes(from.now, to.now),
      staticCalls: changes(from.staticCalls.ever, to.staticCalls.ever),
    } as ViewDiff['counters'],
    refusals: refusalsDiff(from, to, oneLog),
    bookmarks: bookmarksDiff(from.bookmarks ?? [], to.bookmarks ?? [], oneLog),
    other: differing(from, to, COVERED),
  };
  return { format: DIFF_FORMAT, equal: isEmpty(parts), ...parts };
}

/** Members of a view that have a place of their own in the diff, or none: the position itself, and where a fork comes from. */
const COVERED: ReadonlySet<string> = new Set([
  'format',
  'commit',
  'time',
  'machine',
  'modules',
  'areas',
  'failures',
  'ever',
  'now',
  'staticCalls',
  'bookmarks',
  'fork',
]);

function isEmpty({
  machine,
  modules,
  windows,
  areas,
  keys,
  classes,
  counters,
  refusals,
  bookmarks,
  other,
}: Parts): boolean {
  const lists = [modules, keys, refusals, bookmarks].flatMap((group) => Object.values(group) as unknown[][]);
  const records = [machine, counters.ever, counters.now, counters.staticCalls].map(Object.keys);
  const nothing = [...lists, ...records, windows, other].every(({ length }) => length === 0);
  return nothing && classes === null && areas.came === 0 && areas.gone === 0;
}

function change<T>(from: T, to: T): Change<T> | undefined {
  return same(from, to) ? undefined : [from, to];
}

/** The members that differ, each with both values; null where one side has none. */
function changes(from: object, to: object): Record<string, Change<unknown>> {
  const pair = (name: string): Change<unknown> => [ownMember(from, name) ?? null, ownMember(to, name) ?? null];
  return Object.fromEntries(differing(from, to).map((name) => [name, pair(name)]));
}

/** `entries` without those that are undefined. */
function given<T extends object>(entries: { readonly [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined)) as T;
}

interface Matched<T> {
  readonly came: readonly T[];
  readonly gone: readonly T[];
  readonly both: readonly Change<T>[];
}

function match<T>(from: readonly T[], to: readonly T[], keyOf: (entry: T) => string): Matched<T> {
  const before = new Map(from.map((entry) => [keyOf(entry), entry]));
  const after = new Set(to.map(keyOf));
  const both: Change<T>[] = [];
  const came: T[] = [];
  for (const entry of to) {
    const old = before.get(keyOf(entry));
    if (old === undefined) came.push(entry);
    else both.push([old, entry]);
  }
  return { came, gone: from.filter((entry) => !after.has(keyOf(entry))), both };
}

function modulesDiff(from: readonly ModuleJson[], to: readonly ModuleJson[], oneLog: boolean): ViewDiff['modules'] {
  const { came, gone, both } = match(from, to, ({ name }) => name);
  const entry = ({ name, state, parts, veneers }: ModuleJson): ModuleEntry => ({
    name,
    state,
    parts,
    veneers: veneers.length,
  });
  return {
    loaded: came.map(entry),
    unloaded: gone.map(entry),
    changed: both.map((pair) => moduleChange(pair, oneLog)).filter((found) => Object.keys(found).length > 1),
  };
}

const MODULE_COVERED: ReadonlySet<string> = new Set(['since', 'state', 'blob', 'parts', 'plt', 'branches', 'usedBy']);

function moduleChange([from, to]: Change<ModuleJson>, oneLog: boolean): ModuleChange {
  const veneers = change(from.veneers.length, to.veneers.length);
  const other = differing(from, to, MODULE_COVERED).filter((name) => name !== 'veneers' || !veneers);
  const names = [...new Set([...Object.keys(from.parts), ...Object.keys(to.parts)])] as (keyof Module['parts'])[];
  const moved = names.flatMap((part) => {
    const place = change<PartPlace | null>(from.parts[part] ?? null, to.parts[part] ?? null);
    return place ? [{ part, place }] : [];
  });
  return given<ModuleChange>({
    name: from.name,
    reloaded: oneLog && from.since !== to.since ? true : undefined,
    state: change(from.state, to.state),
    blob: change(from.blob, to.blob),
    moved: moved.length > 0 ? moved : undefined,
    veneers,
    plt: change(from.plt, to.plt),
    branches: change(from.branches, to.branches),
    usedBy: change(from.usedBy, to.usedBy),
    other: other.length > 0 ? other : undefined,
  });
}

function windowsDiff(from: ViewJson, to: ViewJson): ViewDiff['windows'] {
  const before = new Map(windowMaps(from).map((map) => [map.window, fillOf(map)]));
  const after = new Map(windowMaps(to).map((map) => [map.window, fillOf(map)]));
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((window) => {
    const fill = change<Fill | null>(before.get(window) ?? null, after.get(window) ?? null);
    return fill ? [{ window, fill }] : [];
  });
}

function fillOf({ spans, window: _, ...figures }: WindowMap): Fill {
  return { ...figures, holes: spans.filter(({ kind }) => kind === 'hole').length };
}

function areasDiff(from: ViewJson, to: ViewJson): ViewDiff['areas'] {
  const { came, gone, both } = match(from.areas, to.areas, ({ address }) => address);
  const changed = both.filter(([before, after]) => !same(before, after)).length;
  return { came: came.length + changed, gone: gone.length + changed };
}

function keysDiff(from: readonly StaticCallKey[], to: readonly StaticCallKey[]): ViewDiff['keys'] {
  const { came, gone, both } = match(from, to, ({ name }) => name);
  return {
    added: came.map(({ name }) => name),
    gone: gone.map(({ name }) => name),
    changed: both.map(keyChange).filter((found) => Object.keys(found).length > 1),
  };
}

const KEY_COVERED: ReadonlySet<string> = new Set(['func', 'calls', 'orig', 'bytes', 'text', 'patches', 'updates']);

function keyChange([from, to]: Change<StaticCallKey>): KeyChange {
  const members = differing(from, to, KEY_COVERED);
  const chain = change(ownersOf(from), ownersOf(to));
  const classes = change(classesOf(from), classesOf(to));
  const rewritten = members.includes('chain') ? rewrittenSites(from, to) : 0;
  const seen = chain !== undefined || classes !== undefined || rewritten > 0;
  const other = members.filter((name) => name !== 'chain' || !seen);
  return given<KeyChange>({
    name: from.name,
    func: change<string>(from.func, to.func),
    calls: change<string | null>(from.calls, to.calls),
    orig: change<string | null>(from.orig, to.orig),
    bytes: change(from.bytes, to.bytes),
    text: change(from.text, to.text),
    chain,
    classes,
    rewritten: rewritten > 0 ? rewritten : undefined,
    patches: change(from.patches, to.patches),
    updates: change(from.updates, to.updates),
    other: other.length > 0 ? other : undefined,
  });
}

/** In parentheses where there is no node: the kernel's own sites, hanging on the key. */
const ownersOf = ({ chain }: StaticCallKey): readonly string[] =>
  chain.map(({ owner, node }) => (node ? owner : `(${owner})`));

function rewrittenSites(from: StaticCallKey, to: StaticCallKey): number {
  const before = new Map(from.chain.flatMap(({ sites }) => sites.map(({ address, bytes }) => [address, bytes])));
  let count = 0;
  for (const { sites } of to.chain) {
    for (const { address, bytes } of sites) {
      const old = before.get(address);
      if (old !== undefined && old !== bytes) count++;
    }
  }
  return count;
}

function refusalsDiff(from: ViewJson, to: ViewJson, oneLog: boolean): ViewDiff['refusals'] {
  if (oneLog) {
    const after = (view: ViewJson, commit: number) => view.failures.filter((failure) => failure.commit > commit);
    return { came: after(to, from.commit), gone: after(from, to.commit) };
  }
  const { came, gone } = matchAll(from.failures, to.failures);
  return { came, gone };
}

/** Refusals that only one side has, each as often as it has it more than the other. */
function matchAll(from: readonly Failure[], to: readonly Failure[]): Pick<Matched<Failure>, 'came' | 'gone'> {
  const keyOf = ({ op, module, errno, words }: Failure) => JSON.stringify([op, module, errno, words]);
  const left = new Map<string, number>();
  for (const failure of from) left.set(keyOf(failure), (left.get(keyOf(failure)) ?? 0) + 1);
  const take = (failure: Failure): boolean => {
    const count = left.get(keyOf(failure)) ?? 0;
    if (count > 0) left.set(keyOf(failure), count - 1);
    return count > 0;
  };
  const came = to.filter((failure) => !take(failure));
  // What is left over of each kind are its newest.
  const gone = [...from].reverse().filter(take).reverse();
  return { came, gone };
}

function bookmarksDiff(from: readonly Bookmark[], to: readonly Bookmark[], oneLog: boolean): ViewDiff['bookmarks'] {
  const { came, gone, both } = match(from, to, ({ name }) => name);
  const moved = both.flatMap(([before, after]) =>
    before.at !== after.at || (oneLog && before.since !== after.since)
      ? [{ name: after.name, at: [before.at, after.at] as const }]
      : [],
  );
  return { added: came, removed: gone, moved };
}
