/** Between commits and what the log keeps: a commit is encoded once, when it is appended. */
import { setImmediate as breath } from 'node:timers/promises';
import type { Commit } from '../../protocol/commit.ts';
import { COMMIT_VERSION } from '../../protocol/commit-version.ts';
import { upcast } from '../../protocol/upcast.ts';
import { StoreError } from '../log/errors.ts';
import { type Entry, type EventLog, type NewEntry, PAGE_ENTRIES, type ReadResult } from '../log/log.ts';
import { done, type Outcome, type Refusal, refusedRead } from './outcome.ts';

/** Characters of commits between two breaths: a few milliseconds' work for whoever folds them. */
const BREATH_CHARS = 256 << 10;

export function encode(commit: Omit<Commit, 'v'>): NewEntry {
  const { number, time, id, command, events } = commit;
  return { id, text: JSON.stringify({ v: COMMIT_VERSION, number, time, id, command, events }) };
}

/** The commit in today's form. Throws a StoreError for what no version has written. */
export function decode(machine: string, entry: Entry): Commit {
  const cast = upcast(parse(machine, entry));
  if (!cast.ok) throw new StoreError('store-corrupt', `${machine}, commit ${entry.number}: ${cast.message}`);
  return cast.commit;
}

function parse(machine: string, entry: Entry): unknown {
  try {
    return JSON.parse(entry.text);
  } catch (error) {
    throw new StoreError('store-corrupt', `${machine}, commit ${entry.number}: not JSON`, error);
  }
}

/**
 * Reads the commits after `after` up to `upTo`, one after the other. Other work gets its turn in between. `afterId` is the id
 * of commit `after`, if the caller knows it: it is refused where that commit is another one by now.
 */
export async function readThrough(
  log: EventLog,
  machine: { readonly name: string; readonly epoch: string },
  after: number,
  upTo: number,
  each: (entry: Entry) => void | Promise<void>,
  afterId?: string,
): Promise<Refusal | undefined> {
  const read = (position: number, id: string | undefined): Promise<ReadResult> => {
    const limit = Math.min(PAGE_ENTRIES, upTo - position);
    const page = log.read(machine.name, machine.epoch, { after: position, afterId: id, limit });
    // Whoever gives up before it is awaited has no use for its error.
    page.catch(() => undefined);
    return page;
  };
  let position = after;
  let sinceBreath = 0;
  let next = position < upTo ? read(position, afterId) : undefined;
  while (next !== undefined) {
    const page = await next;
    if (page.status !== 'page') return refusedRead(machine.name, position, page);
    const last = page.entries.at(-1);
    if (last === undefined) return refusedRead(machine.name, upTo, { status: 'beyond-head', head: page.head });
    // The store looks for the next page while this one is worked on.
    next = last.number < upTo ? read(last.number, last.id) : undefined;
    position = last.number;
    for (const entry of page.entries) {
      const pending = each(entry);
      if (pending !== undefined) await pending;
      sinceBreath += entry.text.length;
      if (sinceBreath < BREATH_CHARS) continue;
      sinceBreath = 0;
      await breath();
    }
  }
  return undefined;
}

/** One commit. */
export async function readOne(log: EventLog, name: string, epoch: string, number: number): Promise<Outcome<Entry>> {
  const page = await log.read(name, epoch, { after: number - 1, limit: 1 });
  if (page.status !== 'page') return refusedRead(name, number - 1, page);
  const entry = page.entries[0];
  return entry === undefined ? refusedRead(name, number, { status: 'beyond-head', head: page.head }) : done(entry);
}
