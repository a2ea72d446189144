/**
 * What a store has to do itself (Store), and what is the same for all of them: checking arguments before anything is
 * touched, following, and saying that it is closed.
 */
import { checkEntry, checkId, checkMachine, checkPosition, checkSnapshot } from './arguments.ts';
import type { Listener } from './bell.ts';
import { closed } from './errors.ts';
import { follow } from './follow.ts';
import type { EventLog } from './log.ts';
import { openStaging, type RawStaging } from './staging.ts';

export type Store = Omit<EventLog, 'follow' | 'stage'> & {
  stage(name: string, epoch: string): RawStaging;
  /** Rings at news of the machine and when the store closes. */
  listen(name: string, epoch: string): Listener;
};

export function eventLog(store: Store): EventLog {
  let closing: Promise<void> | undefined;
  const check = (name: string, epoch?: string): void => {
    if (closing !== undefined) throw closed();
    checkMachine(name, epoch);
  };

  const log: EventLog = {
    async create(name, epoch, first) {
      check(name, epoch);
      checkEntry(first);
      return store.create(name, epoch, first);
    },
    stage(name, epoch) {
      check(name, epoch);
      return openStaging(name, epoch, log, () => {
        check(name);
        return store.stage(name, epoch);
      });
    },
    async remove(name, epoch) {
      check(name, epoch);
      return store.remove(name, epoch);
    },
    async list() {
      if (closing !== undefined) throw closed();
      return store.list();
    },
    async count() {
      if (closing !== undefined) throw closed();
      return store.count();
    },
    async head(name) {
      check(name);
      return store.head(name);
    },
    async append(name, epoch, expected, entry, expectedId) {
      check(name, epoch);
      checkPosition('the expected version', expected);
      checkEntry(entry);
      if (expectedId !== undefined) checkId(expectedId);
      return store.append(name, epoch, expected, entry, expectedId);
    },
    async find(name, epoch, id) {
      check(name, epoch);
      checkId(id);
      return store.find(name, epoch, id);
    },
    async read(name, epoch, options) {
      check(name, epoch);
      checkPosition('the position', options.after);
      if (options.afterId !== undefined) checkId(options.afterId);
      return store.read(name, epoch, options);
    },
    follow(name, epoch, after, signal, afterId) {
      check(name, epoch);
      checkPosition('the position', after);
      if (afterId !== undefined) checkId(afterId);
      return follow({ read: log.read, listen: store.listen }, name, epoch, after, signal, afterId);
    },
    async putSnapshot(name, epoch, number, bytes) {
      check(name, epoch);
      checkPosition('the commit of the snapshot', number);
      checkSnapshot(bytes);
      return store.putSnapshot(name, epoch, number, bytes);
    },
    async latestSnapshot(name, epoch, atOrBefore) {
      check(name, epoch);
      checkPosition('the position', atOrBefore);
      return store.latestSnapshot(name, epoch, atOrBefore);
    },
    async snapshots(name, epoch) {
      check(name, epoch);
      return store.snapshots(name, epoch);
    },
    async trim(name, epoch, upTo) {
      check(name, epoch);
      checkPosition('the position', upTo);
      return store.trim(name, epoch, upTo);
    },
    async check() {
      if (closing !== undefined) throw closed();
      await store.check();
    },
    close() {
      closing ??= store.close();
      return closing;
    },
  };
  return log;
}
