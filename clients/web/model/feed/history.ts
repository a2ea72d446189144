/** Stretches of the log, read at once. */
import type { Subscription } from 'rxjs';
import type { Commit } from '../../../../protocol/commit.ts';
import type { Filter } from '../../../../protocol/filter.ts';
import type { MachineHandle } from '../../../sdk/types.ts';

export interface Stretch {
  readonly epoch: string;
  /** Commits after `from`, up to `to`. */
  readonly from: number;
  readonly to: number;
  /** Every event, unless told. */
  readonly filter?: Filter;
}

export interface Reading {
  /** The commits that have an event which the filter lets through; of a reading that was ended, those that came. */
  readonly commits: Promise<readonly Commit[]>;
  end(): void;
}

export function readStretch(machine: MachineHandle, { epoch, from, to, filter }: Stretch): Reading {
  const found: Commit[] = [];
  let subscription: Subscription | undefined;
  let done: (commits: readonly Commit[]) => void = () => {};
  const end = (): void => {
    subscription?.unsubscribe();
    done(found);
  };
  const commits = new Promise<readonly Commit[]>((resolve, reject) => {
    done = resolve;
    subscription = machine
      .replay({ from: { epoch, commit: from }, to, pace: 'instant', ...(filter && { filter }) })
      .observable.subscribe({
        next(item) {
          if (item.kind === 'commit') found.push(item.commit);
          else if (item.kind === 'state' && item.state === 'ended') end();
        },
        error: reject,
      });
  });
  return { commits, end };
}
