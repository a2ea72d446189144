/**
 * Where to look for what wrote an address: who has or last had each piece of memory, and which commits changed each static
 * call. With it a question reads a few commits of a log of any length (history.ts). A fold, small and bounded: by the pages
 * of the windows, and by COMMITS_KEPT for each key.
 */
import { fromHex, type Hex, toHex } from '../../../protocol/address.ts';
import type { Commit } from '../../../protocol/commit.ts';
import type { Event } from '../../../protocol/events/index.ts';
import type { State } from '../state.ts';
import {
  type Cause,
  commandWords,
  emptyHistory,
  foldHistory,
  type History,
  isNear,
  LONG,
  type Tenant,
} from './history.ts';

export const LEDGER_FORMAT = 'veneerd/ledger@1';

/** Commits that are remembered of a key that was changed more often. */
export const COMMITS_KEPT = 256;

/** Memory [start, end) with one tenant. `earlier` had it before. */
interface Span {
  readonly start: number;
  readonly end: number;
  readonly tenant: Tenant;
  readonly earlier: number;
}

interface KeyChanges {
  /** The commit that brought the key. */
  readonly added: number;
  /** The newest that changed it, oldest first. */
  readonly commits: number[];
  /** How many before those did. */
  older: number;
}

export interface Ledger {
  /** Commits folded so far. */
  commit: number;
  /** In order of address. */
  readonly spans: Span[];
  readonly keys: Map<string, KeyChanges>;
}

/** What a question about one address has to read. */
export interface Sources {
  readonly tenant: Tenant | undefined;
  readonly earlier: number;
  /** Commits in which something may have been written there, oldest first. */
  readonly commits: readonly number[];
  /** At most so many commits before those did so, too. */
  readonly older: number;
}

export function emptyLedger(): Ledger {
  return { commit: 0, spans: [], keys: new Map() };
}

/** Folds one commit into `ledger`, which the caller owns. */
export function enter(ledger: Ledger, commit: Commit): void {
  let cause: Cause | undefined;
  for (const event of commit.events) {
    cause ??= { commit: commit.number, time: commit.time, words: commandWords(commit.command, event) };
    see(ledger, event, cause, commit.command.type === 'load' ? commit.command.file : undefined);
  }
  ledger.commit = commit.number;
}

function see({ spans, keys }: Ledger, event: Event, cause: Cause, file: string | undefined): void {
  switch (event.type) {
    case 'MemoryAllocated': {
      const start = fromHex(event.address);
      const tenant = { module: event.module, part: event.part, loaded: cause, file, freed: undefined };
      moveIn(spans, start, start + event.size + event.guard, tenant);
      return;
    }
    case 'MemoryFreed': {
      const span = spanAt(spans, fromHex(event.address));
      if (span) span.tenant.freed = cause;
      return;
    }
    case 'StaticCallKeysAdded':
      for (const { name } of event.keys) keys.set(name, { added: cause.commit, commits: [], older: 0 });
      return;
    case 'StaticCallKeysGone':
      for (const name of event.keys) keys.delete(name);
      return;
    case 'StaticCallFuncSet':
    case 'StaticCallPatched':
    case 'StaticCallOrigRecorded':
    case 'StaticCallStrayed': {
      const changes = keys.get(event.key);
      if (!changes || changes.commits.at(-1) === cause.commit) return;
      changes.commits.push(cause.commit);
      if (changes.commits.length <= COMMITS_KEPT) return;
      changes.commits.shift();
      changes.older++;
      return;
    }
    default:
      return;
  }
}

/** The index of the first span that ends after `address`. */
function indexOf(spans: readonly Span[], address: number): number {
  let low = 0;
  let high = spans.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((spans[middle] as Span).end <= address) low = middle + 1;
    else high = middle;
  }
  return low;
}

function spanAt(spans: readonly Span[], address: number): Span | undefined {
  const span = spans[indexOf(spans, address)];
  return span && span.start <= address ? span : undefined;
}

/** [start, end) has a new tenant; what it takes a piece of keeps the rest. */
function moveIn(spans: Span[], start: number, end: number, tenant: Tenant): void {
  const from = indexOf(spans, start);
  const pieces: Span[] = [];
  const add = (piece: Span): void => {
    const last = pieces.at(-1);
    if (piece.start >= piece.end) return;
    if (last?.tenant === piece.tenant && last.earlier === piece.earlier && last.end === piece.start) {
      pieces[pieces.length - 1] = { ...last, end: piece.end };
    } else pieces.push(piece);
  };
  let at = start;
  let to = from;
  for (let span = spans[to]; span && span.start < end; span = spans[++to]) {
    add({ ...span, end: Math.min(span.end, start) });
    add({ start: at, end: span.start, tenant, earlier: 0 });
    const last = Math.min(span.end, end);
    add({ start: Math.max(span.start, start), end: last, tenant, earlier: span.earlier + 1 });
    at = last;
    add({ ...span, start: Math.max(span.start, end) });
  }
  add({ start: at, end, tenant, earlier: 0 });
  spans.splice(from, to - from, ...pieces);
}

/** `state` is of the same position as `ledger`. */
export function sourcesOf(ledger: Ledger, state: State, address: number): Sources {
  const span = spanAt(ledger.spans, address);
  const since = span?.tenant.loaded.commit ?? 0;
  const commits = new Set<number>();
  if (span) {
    commits.add(since);
    if (span.tenant.freed) commits.add(span.tenant.freed.commit);
  }
  let older = 0;
  for (const name of keysNear(state, address)) {
    const changes = ledger.keys.get(name);
    if (!changes) continue;
    for (const commit of [changes.added, ...changes.commits]) if (commit >= since) commits.add(commit);
    if ((changes.commits[0] ?? 0) > since) older += changes.older;
  }
  return {
    tenant: span?.tenant,
    earlier: span?.earlier ?? 0,
    commits: [...commits].sort((a, b) => a - b),
    older,
  };
}

/** The history of an address; `commits` are of `sources`, those that are still there, oldest first. */
export function historyOf(address: number, state: State, sources: Sources, commits: readonly Commit[]): History {
  const history = emptyHistory(address);
  for (const { name, address: own } of state.staticCalls?.keys.values() ?? []) {
    if (address >= own && address < own + LONG) history.key = { name, address: own };
  }
  for (const commit of commits) foldHistory(history, commit);
  return {
    ...history,
    tenant: sources.tenant,
    earlier: sources.earlier,
    dropped: history.dropped + sources.older,
  };
}

/** Keys that have a site, their trampoline, literal or own word near an address. PLT entries are written by loads alone. */
function keysNear({ staticCalls }: State, address: number): ReadonlySet<string> {
  const names = new Set<string>();
  if (!staticCalls) return names;
  const { arch, keys, tables } = staticCalls;
  const near = (start: number | undefined, size: number) => start !== undefined && isNear(address, start, size);
  for (const { name, tramp, literal, address: own } of keys.values()) {
    if (near(tramp, arch.trampSize) || near(own, LONG) || near(literal, LONG)) names.add(name);
  }
  for (const table of tables.values()) {
    for (const [key, sites] of table) {
      if (sites.some((site) => near(site.address, arch.siteSize))) names.add(key);
    }
  }
  return names;
}

/** Addresses are hex, `spans` [start, end, index in tenants, earlier], `keys` [name, added, older, commits]. */
export interface LedgerJson {
  readonly format: typeof LEDGER_FORMAT;
  readonly commit: number;
  readonly tenants: readonly Tenant[];
  readonly spans: readonly (readonly [start: Hex, end: Hex, tenant: number, earlier: number])[];
  readonly keys: readonly (readonly [name: string, added: number, older: number, commits: readonly number[]])[];
}

/** The ledger as plain JSON; shares structure with it. Tenants are in order of their first span, keys by name. */
export function ledgerJson({ commit, spans, keys }: Ledger): LedgerJson {
  const indices = new Map<Tenant, number>();
  const indexed = spans.map(({ start, end, tenant, earlier }) => {
    const index = indices.get(tenant) ?? indices.size;
    indices.set(tenant, index);
    return [toHex(start), toHex(end), index, earlier] as const;
  });
  return {
    format: LEDGER_FORMAT,
    commit,
    tenants: [...indices.keys()],
    spans: indexed,
    keys: [...keys]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, { added, older, commits }]) => [name, added, older, commits]),
  };
}

/** Throws a RangeError for a form that this version can't read. */
export function ledgerFromJson(json: { readonly format: string }): Ledger {
  if (json.format !== LEDGER_FORMAT) {
    throw new RangeError(`expected a ledger of format ${LEDGER_FORMAT} or earlier, found ${json.format}`);
  }
  const { commit, tenants, spans, keys } = json as LedgerJson;
  // JSON leaves members out that are undefined.
  const all = tenants.map(({ module, part, loaded, file, freed }) => ({ module, part, loaded, file, freed }));
  return {
    commit,
    spans: spans.map(([start, end, tenant, earlier]) => {
      return { start: fromHex(start), end: fromHex(end), tenant: all[tenant] as Tenant, earlier };
    }),
    keys: new Map(keys.map(([name, added, older, commits]) => [name, { added, older, commits: [...commits] }])),
  };
}
