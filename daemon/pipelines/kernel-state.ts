/** A machine's kernel state at a position: kept between commands, caught up from the log, rebuilt from its start when not kept. */
import type * as kernel from '../kernel/kernel.ts';
import type { EventLog } from '../log/log.ts';
import { decode, readThrough } from './entry.ts';
import { done, noSuchMachine, type Outcome } from './outcome.ts';

/** The decider: daemon/kernel/kernel.ts. */
export type Kernel = Pick<typeof kernel, 'decide' | 'evolve' | 'initialState' | 'blobsOf'>;

/** A state is a value, so holding one costs no copy. */
export interface Held {
  readonly epoch: string;
  readonly commit: number;
  readonly state: kernel.State;
}

/** The state at the head of the log, starting from `held` if that is a part of it. */
export async function catchUp(
  log: EventLog,
  { evolve, initialState }: Kernel,
  name: string,
  held: Held | undefined,
): Promise<Outcome<Held>> {
  const machine = await log.head(name);
  if (machine === undefined) return noSuchMachine(name);
  const { epoch, head } = machine;
  const known = held !== undefined && held.epoch === epoch && held.commit <= head ? held : undefined;
  let state = known?.state ?? initialState();
  const refused = await readThrough(log, { name, epoch }, known?.commit ?? 0, head, (entry) => {
    for (const event of decode(name, entry).events) state = evolve(state, event);
  });
  return refused ?? done({ epoch, commit: head, state });
}
