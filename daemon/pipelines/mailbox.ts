/** The mailbox of a machine: its writes happen one after the other, and only so many may wait. */
import { concatMap, Subject } from 'rxjs';
import type { Outcome } from './outcome.ts';
import { isMistake, refuse, thrown } from './outcome.ts';

export interface Mailbox {
  /** Runs `work` when its turn comes; an error that it throws becomes a refusal. */
  post<T>(work: () => Promise<Outcome<T>>): Promise<Outcome<T>>;
  readonly waiting: number;
  /** Refuses what comes from now on; resolves when nothing waits any more. */
  close(): Promise<void>;
}

export function openMailbox(bound: number, mistake: (error: unknown) => void): Mailbox {
  const jobs = new Subject<() => Promise<void>>();
  let waiting = 0;
  let closed = false;
  const drained = new Promise<void>((resolve) => {
    jobs.pipe(concatMap((job) => job())).subscribe({ complete: resolve });
  });

  async function settle<T>(work: () => Promise<Outcome<T>>): Promise<Outcome<T>> {
    try {
      return await work();
    } catch (error) {
      if (isMistake(error)) mistake(error);
      return thrown(error);
    } finally {
      waiting--;
    }
  }

  return {
    post(work) {
      if (closed) return Promise.resolve(refuse('shutting-down', 'the daemon is about to stop'));
      if (waiting >= bound) return Promise.resolve(refuse('too-busy', `${waiting} requests wait already`));
      waiting++;
      return new Promise((resolve) => jobs.next(() => settle(work).then(resolve)));
    },
    get waiting() {
      return waiting;
    },
    close() {
      closed = true;
      jobs.complete();
      return drained;
    },
  };
}
