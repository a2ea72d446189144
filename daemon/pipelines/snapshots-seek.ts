/** What a machine was at a position: folded from the nearest snapshot at or before it, or from the log's start. */
import type { Commit } from '../../protocol/commit.ts';
import { messageOf, StoreError } from '../log/errors.ts';
import type { Entry, EventLog, MachineHead, ReadResult } from '../log/log.ts';
import { decode, readThrough } from './entry.ts';
import { done, noSuchMachine, type Outcome, refusedRead } from './outcome.ts';
import { partJson, readHeader, SnapshotFault } from './snapshots-codec.ts';
import type { PartsOf } from './snapshots-parts.ts';

/** What some parts were after `commit`, in the order in which they were asked for. */
export interface Folded<T extends readonly unknown[]> {
  readonly commit: number;
  /** The commit's; undefined before the first, and where nobody knows it. */
  readonly id: string | undefined;
  readonly values: T;
}

export interface Sought<T extends readonly unknown[]> extends Folded<T> {
  readonly epoch: string;
  /** Bytes of the snapshot that it began with; 0 at the log's start. */
  readonly stored: number;
  /** What the commits that were folded weigh. */
  readonly weight: number;
}

/** Where folding begins. The array is the caller's: who keeps an older state beside a newer one keeps all that came between. */
export interface Base {
  readonly commit: number;
  readonly id: string | undefined;
  readonly values: unknown[];
  /** Bytes of the snapshot; 0 where it is none. */
  readonly stored: number;
}

/** What the caller has of an earlier commit of a machine. */
export interface Known<T extends readonly unknown[]> extends Folded<T> {
  readonly epoch: string;
}

/** Attempts at a machine that is trimmed, or made anew, meanwhile. */
const ATTEMPTS = 3;

/** So many commits are folded rather than looking for a snapshot after what is known. */
const NEAR = 500;

/** A commit costs whoever folds it its text, and about as much as this many bytes of text besides. */
const COMMIT_WEIGHT = 512;

export const weightOf = ({ text }: Pick<Entry, 'text'>): number => text.length + COMMIT_WEIGHT;

/**
 * `parts` after commit `at`, the newest unless told. The values of `known` are given away. Throws a StoreError where the
 * log was trimmed and the snapshot before its first commit can't be read.
 */
export async function seek<T extends readonly unknown[]>(
  log: EventLog,
  name: string,
  at: number | undefined,
  parts: PartsOf<T>,
  known?: Known<T>,
): Promise<Outcome<Sought<T>>> {
  let mine = known;
  if (known !== undefined && known.commit <= (at ?? Number.POSITIVE_INFINITY)) {
    // Most often there is nothing new, which one question tells; it also tells whether that commit is still there.
    const news = await log.read(name, known.epoch, { after: known.commit, afterId: known.id, limit: 1 });
    const isThere = news.status === 'page' && (known.commit === at || (at === undefined && news.entries.length === 0));
    if (isThere) return done({ ...known, stored: 0, weight: 0 });
    if (isLost(news)) mine = undefined;
  }
  for (let attempt = 1; ; attempt++) {
    const machine = await log.head(name);
    if (machine === undefined) return noSuchMachine(name);
    const { epoch, head, first } = machine;
    const upTo = at ?? head;
    if (upTo > head) return refusedRead(name, upTo, { status: 'beyond-head', head });
    if (upTo < first - 1) return refusedRead(name, upTo, { status: 'trimmed', first });
    const base = await nearest(log, machine, upTo, parts, mine);
    mine = undefined;
    if ('missing' in base) {
      if (attempt < ATTEMPTS && (await hasChanged(log, machine))) continue;
      const what = `${name}: commits before ${first} were trimmed, and the snapshot at ${first - 1} can't be read`;
      throw new StoreError('store-corrupt', `${what}: ${base.missing}`);
    }
    const { values } = base;
    let { id } = base;
    let weight = 0;
    const each = (entry: Entry): void => {
      weight += weightOf(entry);
      id = entry.id;
      foldAll(parts, values, decode(name, entry));
    };
    const refused = await readThrough(log, machine, base.commit, upTo, each, base.id);
    if (refused === undefined) {
      return done({ epoch, commit: upTo, id, values: values as unknown as T, stored: base.stored, weight });
    }
    // The store lost its end, and others took the numbers: what was made of the lost commits is worth nothing.
    const lost = refused.error.code === 'position-ahead';
    if (attempt === ATTEMPTS || !(lost || (await hasChanged(log, machine)))) return refused;
  }
}

/** Folds `commit` into each of `values`. */
export function foldAll<T extends readonly unknown[]>(parts: PartsOf<T>, values: unknown[], commit: Commit): void {
  for (const [i, part] of parts.entries()) values[i] = part.fold(values[i], commit);
}

/**
 * The newest of: a snapshot at or before `upTo` that can be read, and whose commit the log still has; `known`; the log's
 * start; or why there is none of them.
 */
export async function nearest<T extends readonly unknown[]>(
  log: EventLog,
  { name, epoch, first }: MachineHead,
  upTo: number,
  parts: PartsOf<T>,
  known?: Known<T>,
): Promise<Base | { readonly missing: string }> {
  const fits = known?.epoch === epoch && known.commit >= first - 1 && known.commit <= upTo;
  const fallback = fits ? { commit: known.commit, id: known.id, values: [...known.values], stored: 0 } : undefined;
  if (fallback && upTo - fallback.commit <= NEAR) return fallback;
  let missing = 'there is none';
  for (let at = upTo; at > (fallback?.commit ?? -1); ) {
    const snapshot = await log.latestSnapshot(name, epoch, at);
    if (snapshot === undefined) break;
    const { number, bytes } = snapshot;
    if (number < Math.max(first - 1, fallback?.commit ?? 0)) break;
    at = number - 1;
    try {
      const base = await readSnapshot(number, bytes, parts);
      if (!isLost(await log.read(name, epoch, { after: number, afterId: base.id, limit: 1 }))) return base;
      missing = `it is of ${base.id}, a commit that was lost`;
    } catch (error) {
      if (!(error instanceof SnapshotFault)) throw error;
      missing = error.message;
    }
  }
  if (fallback) return fallback;
  if (first > 1) return { missing };
  return { commit: 0, id: undefined, values: parts.map((part) => part.empty()), stored: 0 };
}

/** Whether the log has no such commit any more, or another one with its number. */
const isLost = ({ status }: ReadResult): boolean => status === 'history-lost' || status === 'beyond-head';

async function hasChanged(log: EventLog, { name, epoch, first }: MachineHead): Promise<boolean> {
  const now = await log.head(name);
  return now?.epoch !== epoch || now.first !== first;
}

async function readSnapshot<T extends readonly unknown[]>(
  number: number,
  bytes: Uint8Array,
  parts: PartsOf<T>,
): Promise<Base> {
  const { commit, id } = readHeader(bytes).header;
  if (commit !== number) throw new SnapshotFault(`it is of commit ${commit}`);
  const values: unknown[] = [];
  for (const part of parts) {
    const json = await partJson(bytes, part.name);
    try {
      values.push(part.read(json));
    } catch (error) {
      throw new SnapshotFault(`${part.name}: ${messageOf(error)}`);
    }
  }
  return { commit, id, values, stored: bytes.length };
}
