/** Room for one more machine: each has a place in the list that everybody reads. */
import { MACHINES } from '../limits.ts';
import type { EventLog } from '../log/log.ts';
import { type Refusal, refuse } from './outcome.ts';

/** Why machine `name` can't be made; nothing of that sort where it is there already. */
export async function noRoomFor(log: EventLog, name: string): Promise<Refusal | undefined> {
  if ((await log.count()) < MACHINES || (await log.head(name)) !== undefined) return undefined;
  return refuse('too-busy', `there are ${MACHINES} machines already: remove some`);
}
