/**
 * Snapshots of machines: made in the background, disposable as long as the commits before them are there. Where they stand
 * follows from the log alone: the next one when the log since the last has SNAPSHOT_SHARE times its bytes, so that all of
 * them stay smaller than the log and a seek folds about as much as it reads. So any daemon makes the same ones: the one whose
 * own commit made it due, or whoever finds that it is overdue.
 */
import type { Position } from '../../protocol/commit.ts';
import type { SnapshotVerdict } from '../../protocol/snapshots.ts';
import { SNAPSHOT_LEAST, SNAPSHOT_SHARE } from '../limits.ts';
import { StoreError } from '../log/errors.ts';
import type { Entry, EventLog, MachineHead } from '../log/log.ts';
import { decode, readThrough } from './entry.ts';
import type { Appended } from './hubs.ts';
import { done, isMistake, type Outcome, refusedGone } from './outcome.ts';
import { encodeSnapshot, type PartText, partText } from './snapshots-codec.ts';
import { PARTS, type PartsOf } from './snapshots-parts.ts';
import { foldAll, type Known, nearest, type Sought, seek, weightOf } from './snapshots-seek.ts';
import { verifySnapshots } from './snapshots-verify.ts';

export interface Snapshots {
  /** As `seek` of snapshots-seek.ts; a machine whose snapshots lag behind gets new ones after it. */
  seek<T extends readonly unknown[]>(
    name: string,
    at: number | undefined,
    parts: PartsOf<T>,
    known?: Known<T>,
  ): Promise<Outcome<Sought<T>>>;
  /** This daemon appended a commit. */
  appended(commit: Appended): void;
  /** Resolves with where there is a snapshot now: at the head of the log. Throws a StoreError. */
  ensure(name: string): Promise<Outcome<Position>>;
  /** As verifySnapshots: recomputes every snapshot from the log, oldest first. Throws a StoreError. */
  verify(
    name: string,
    tell?: (verdict: SnapshotVerdict) => void,
    signal?: AbortSignal,
  ): Promise<Outcome<readonly SnapshotVerdict[]>>;
  /** Makes no more; resolves when the one under way is stored or given up. */
  close(): Promise<void>;
}

/** The log since a machine's newest snapshot, as far as this daemon knows. */
interface Count {
  readonly epoch: string;
  readonly head: number;
  readonly weight: number;
  /** The weight at which to look whether a snapshot is due. */
  readonly limit: number;
  /** Commits of this daemon. */
  readonly own: Set<number>;
}

/** Machines whose logs are counted; the oldest are forgotten, and counted anew when they get another commit. */
const COUNTED = 4096;
/** Commits between two looks at whether the daemon is about to stop. */
const STRETCH = 256;
/** Times the limit: one that is due for so long is nobody's. */
const OVERDUE = 1.5;
/** Times the limit, folded for one question. */
const FAR = 2;

const limitAfter = (stored: number): number => Math.max(SNAPSHOT_LEAST, SNAPSHOT_SHARE * stored);

export function openSnapshots(log: EventLog, mistake: (error: unknown) => void): Snapshots {
  const counts = new Map<string, Count>();
  const waiting = new Set<string>();
  let turn: Promise<unknown> = Promise.resolve();
  let closed = false;
  const closing = new AbortController();

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = turn.then(work);
    turn = mine.catch(() => undefined);
    return mine;
  }

  function count(name: string, value: Count): void {
    counts.delete(name);
    counts.set(name, value);
    for (const oldest of counts.keys()) {
      if (counts.size <= COUNTED) break;
      counts.delete(oldest);
    }
  }

  /** Makes the snapshots that are due, soon. */
  function request(name: string): void {
    if (closed || waiting.has(name)) return;
    waiting.add(name);
    inTurn(async () => {
      waiting.delete(name);
      if (!closed) await fill(name);
    }).catch((error: unknown) => {
      // Not again with every commit: when as much has come once more. Whose it was is not remembered for ever.
      const counted = counts.get(name);
      if (counted) count(name, { ...counted, weight: 0, own: new Set() });
      if (isMistake(error)) mistake(error);
    });
  }

  async function fill(name: string): Promise<void> {
    const machine = await log.head(name);
    if (machine === undefined) return;
    const { epoch, head } = machine;
    const newest = await log.latestSnapshot(name, epoch, head);
    const limit = limitAfter(newest?.bytes.length ?? 0);
    const { weight: since, due } = await weigh(log, machine, newest?.number ?? 0, limit);
    const before = counts.get(name);
    const own = before?.epoch === epoch ? before.own : new Set<number>();
    const overdue = since >= OVERDUE * limit;
    if (due === undefined || !(overdue || own.has(due))) {
      count(name, { epoch, head, weight: since, limit: due === undefined ? limit : OVERDUE * limit, own });
      return;
    }

    const base = await nearest(log, machine, head, PARTS);
    if ('missing' in base) throw new StoreError('store-corrupt', `${name}: no state to go on from: ${base.missing}`);
    const { values } = base;
    let { id } = base;
    let next = limitAfter(base.stored);
    let weight = 0;
    const each = async (entry: Entry): Promise<void> => {
      id = entry.id;
      foldAll(PARTS, values, decode(name, entry));
      weight += weightOf(entry);
      if (weight < next || closed) return;
      next = limitAfter(await put(machine, entry, values));
      weight = 0;
    };
    for (let at = base.commit; at < head && !closed; at += STRETCH) {
      const refused = await readThrough(log, machine, at, Math.min(head, at + STRETCH), each, id);
      if (refused !== undefined) return;
    }
    const left = counts.get(name);
    const newer = left?.epoch === epoch ? [...left.own].filter((number) => number > head) : [];
    count(name, { epoch, head, weight, limit: next, own: new Set(newer) });
  }

  /** Stores a snapshot; its bytes. */
  async function put(
    { name, epoch }: MachineHead,
    { number, id }: Omit<Entry, 'text'>,
    values: readonly unknown[],
  ): Promise<number> {
    const bytes = await snapshotOf(number, id, values);
    await log.putSnapshot(name, epoch, number, bytes);
    return bytes.length;
  }

  return {
    async seek(name, at, parts, known) {
      const sought = await seek(log, name, at, parts, known);
      if (!sought.ok) return sought;
      const { epoch, stored, weight } = sought.value;
      const counted = counts.get(name);
      const behind = counted?.epoch !== epoch || counted.weight >= counted.limit;
      if (behind && weight >= FAR * limitAfter(stored)) request(name);
      return sought;
    },

    appended({ machine, epoch, entry }) {
      const weight = weightOf(entry);
      const before = counts.get(machine);
      if (before?.epoch !== epoch) {
        count(machine, { epoch, head: entry.number, weight, limit: SNAPSHOT_LEAST, own: new Set([entry.number]) });
        if (entry.number > 1 || weight >= SNAPSHOT_LEAST) request(machine);
        return;
      }
      // What others appended in between is taken to be like this one: whether it is due is counted before it is made.
      const since = Math.max(0, entry.number - before.head) * weight;
      const after = { ...before, head: Math.max(entry.number, before.head), weight: before.weight + since };
      after.own.add(entry.number);
      count(machine, after);
      if (after.weight >= after.limit) request(machine);
    },

    ensure: (name) =>
      inTurn(async () => {
        const sought = await seek(log, name, undefined, PARTS);
        if (!sought.ok) return sought;
        const { epoch, commit, id, values, stored, weight } = sought.value;
        if (id !== undefined && (stored === 0 || weight > 0)) {
          const bytes = await snapshotOf(commit, id, values);
          const result = await log.putSnapshot(name, epoch, commit, bytes);
          if (result.status === 'no-such-machine' || result.status === 'epoch-changed')
            return refusedGone(name, result);
          count(name, { epoch, head: commit, weight: 0, limit: limitAfter(bytes.length), own: new Set() });
        }
        return done({ epoch, commit });
      }),

    verify: (name, tell, signal) =>
      verifySnapshots(log, name, tell, AbortSignal.any([closing.signal, ...(signal ? [signal] : [])])),

    async close() {
      closed = true;
      closing.abort();
      await turn;
    },
  };
}

/** What the commits after `after` weigh, as far as what is overdue, and which of them made a snapshot due. */
async function weigh(
  log: EventLog,
  machine: MachineHead,
  after: number,
  limit: number,
): Promise<{ readonly weight: number; readonly due: number | undefined }> {
  let weight = 0;
  let due: number | undefined;
  const each = (entry: Entry): void => {
    weight += weightOf(entry);
    if (weight >= limit) due ??= entry.number;
  };
  for (let at = Math.max(after, machine.first - 1); at < machine.head && weight < OVERDUE * limit; at += STRETCH) {
    await readThrough(log, machine, at, Math.min(machine.head, at + STRETCH), each);
  }
  return { weight, due };
}

/** The bytes of a snapshot; `values` are of PARTS, and must not change before this is done. */
export async function snapshotOf(commit: number, id: string, values: readonly unknown[]): Promise<Uint8Array> {
  const texts: PartText[] = [];
  for (const [i, { name, json }] of (PARTS as PartsOf<readonly unknown[]>).entries()) {
    texts.push(await partText(name, json(values[i])));
  }
  return encodeSnapshot(commit, id, texts);
}
