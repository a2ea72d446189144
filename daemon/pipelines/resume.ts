/** Whether a reader who comes back finds the log that he left: a store can lose its newest commits, and others take their numbers. */
import type { Position } from '../../protocol/commit.ts';
import type { EventLog } from '../log/log.ts';
import { type Refusal, refusedRead } from './outcome.ts';

/** The refusal where commit `at` has another id than `id` now. */
export async function historyLost(
  log: EventLog,
  machine: string,
  at: Position,
  id: string,
): Promise<Refusal | undefined> {
  const found = await log.read(machine, at.epoch, { after: at.commit, afterId: id, limit: 1 });
  return found.status === 'page' ? undefined : refusedRead(machine, at.commit, found);
}
