/** A machine's kernel state: kept between commands, caught up from the log; from the nearest snapshot when it is not kept. */
import type * as kernel from '../kernel/kernel.ts';
import { done, type Outcome } from './outcome.ts';
import type { Snapshots } from './snapshots.ts';
import { STATE } from './snapshots-parts.ts';

/** The decider: daemon/kernel/kernel.ts. */
export type Kernel = Pick<typeof kernel, 'decide' | 'evolve' | 'initialState' | 'blobsOf'>;

/** A state is a value, so holding one costs no copy. */
export interface Held {
  readonly epoch: string;
  readonly commit: number;
  /** The commit's, where it is known. */
  readonly id?: string | undefined;
  readonly state: kernel.State;
}

/** The state at the head of the log, starting from `held` if that is a part of it. */
export async function catchUp(
  { snapshots }: { readonly snapshots: Snapshots },
  name: string,
  held: Held | undefined,
): Promise<Outcome<Held>> {
  const known = held && { ...held, id: held.id, values: [held.state] as const };
  const sought = await snapshots.seek(name, undefined, [STATE] as const, known);
  if (!sought.ok) return sought;
  const { epoch, commit, id, values } = sought.value;
  return done({ epoch, commit, id, state: values[0] });
}
