/** Asking again until a store answers, as a client does. */
import { setTimeout as sleep } from 'node:timers/promises';
import { StoreError } from '../../daemon/log/errors.ts';
import type { AppendResult, EventLog } from '../../daemon/log/log.ts';
import { provable } from './provable.ts';

/** Appends with the same command id until there is an answer. */
export async function untilAnswered(
  log: EventLog,
  name: string,
  epoch: string,
  expected: number,
  id: string,
): Promise<AppendResult> {
  return retried(() => log.append(name, epoch, expected, { id, text: provable(id, 2000) }));
}

export async function retried<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof StoreError) || !error.temporary) throw error;
      await sleep(20);
    }
  }
}
