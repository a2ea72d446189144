/**
 * Live commits. A machine that somebody watches has one hub: it follows the log, where the commits of every daemon
 * appear, and hears of this daemon's own commits sooner. All watchers share one text of a commit and one encoded frame.
 */
import { finalize, map, merge, mergeMap, Observable, Subject, share } from 'rxjs';
import { LIVE_BYTES } from '../limits.ts';
import type { Entry, EventLog } from '../log/log.ts';
import { type Batch, batches, behind, type Cursor } from './batch.ts';
import { openPages, type Pages } from './pages.ts';

/** A commit that this daemon appended. */
export interface Appended {
  readonly machine: string;
  readonly epoch: string;
  readonly entry: Entry;
}

export interface Hubs {
  /** All that is published. */
  readonly appended: Observable<Appended>;
  /** This daemon appended `entry` after the commit with the id `before`. */
  publish(machine: string, epoch: string, entry: Entry, before?: string): void;
  /**
   * Commits from somewhere before or right at the one after `cursor` and on, in order; undefined where the hub is beyond
   * that already, or has seen another commit there. It errors or completes when the log can't be followed any more:
   * reading tells why.
   */
  tail(machine: string, epoch: string, cursor: Cursor): Observable<Batch> | undefined;
  /** What was appended before. */
  readonly page: Pages['read'];
}

/** Commits, and the ids of those before them where they are known. */
interface Gathered {
  readonly entries: readonly Entry[];
  readonly befores: readonly (string | undefined)[];
}

interface Hub {
  /** Takes this daemon's own commits; those that come together go out together. */
  publish(entry: Entry, before: string | undefined): void;
  readonly batches: Observable<Batch>;
  last(): Cursor;
}

export function openHubs(log: EventLog): Hubs {
  const hubs = new Map<string, Hub>();
  const appended = new Subject<Appended>();

  function open(key: string, machine: string, epoch: string, start: Cursor): Hub {
    const own = new Subject<Gathered>();
    let entries: Entry[] = [];
    let befores: (string | undefined)[] = [];
    let last = start;
    const fresh = ({ entries, befores }: Gathered): readonly Entry[] => {
      const from = entries.findIndex((entry) => entry.number === last.commit + 1);
      if (from < 0) return [];
      if (isOther(last.id, befores[from])) throw new Error(`${key}: commit ${last.commit} was lost`);
      last = behind(last, entries);
      return from === 0 ? entries : entries.slice(from);
    };
    const hub: Hub = {
      publish(entry, before) {
        entries.push(entry);
        befores.push(before);
        if (entries.length > 1) return;
        setImmediate(() => {
          const together = { entries, befores };
          entries = [];
          befores = [];
          own.next(together);
        });
      },
      batches: merge(own, followed(log, machine, epoch, start)).pipe(
        map(fresh),
        mergeMap((entries) => batches(epoch, entries, LIVE_BYTES)),
        finalize(() => hubs.get(key) === hub && hubs.delete(key)),
        share(),
      ),
      last: () => last,
    };
    return hub;
  }

  return {
    appended,
    page: openPages(log).read,
    publish(machine, epoch, entry, before) {
      appended.next({ machine, epoch, entry });
      hubs.get(`${machine} ${epoch}`)?.publish(entry, before);
    },
    tail(machine, epoch, cursor) {
      const key = `${machine} ${epoch}`;
      let hub = hubs.get(key);
      if (hub === undefined) {
        hub = open(key, machine, epoch, cursor);
        hubs.set(key, hub);
      }
      const last = hub.last();
      const other = last.commit === cursor.commit && isOther(last.id, cursor.id);
      return last.commit > cursor.commit || other ? undefined : hub.batches;
    },
  };
}

/** Whether both are known and differ: then the store lost the one that was seen, and another one has its number. */
function isOther(seen: string | undefined, there: string | undefined): boolean {
  return seen !== undefined && there !== undefined && seen !== there;
}

function followed(log: EventLog, machine: string, epoch: string, { commit, id }: Cursor): Observable<Gathered> {
  return new Observable((observer) => {
    const stop = new AbortController();
    (async () => {
      for await (const entries of log.follow(machine, epoch, commit, stop.signal, id))
        observer.next({ entries, befores: [] });
      observer.complete();
    })().catch((error: unknown) => observer.error(error));
    return () => stop.abort();
  });
}
