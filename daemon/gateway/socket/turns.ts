/**
 * Large answers of one connection, made one after the other and only when there is room for one: what waits to go out is
 * beyond its share by one of them at most, however many were asked for.
 */
import type { Outbox } from './outbox.ts';

/** Runs `work` in its turn; undefined where `signal` aborts first. */
export type InTurn = <T>(signal: AbortSignal, work: () => Promise<T>) => Promise<T | undefined>;

export function openTurns(outbox: Pick<Outbox, 'full' | 'room'>): InTurn {
  let last: Promise<unknown> = Promise.resolve();
  return (signal, work) => {
    const mine = last.then(async () => {
      while (outbox.full() && !signal.aborted) await outbox.room(signal);
      return signal.aborted ? undefined : work();
    });
    // What came of it is large, and nobody waits for it here.
    const over = (): void => {};
    last = mine.then(over, over);
    return mine;
  };
}
