/** One commit of a machine, as the log has it. The last one is kept: whoever shows a patch asks for the same. */
import type { Commit } from '../../../protocol/commit.ts';
import { ClientError } from '../../sdk/errors.ts';
import type { MachineHandle } from '../../sdk/types.ts';

let last: { readonly what: string; readonly commit: Promise<Commit> } | undefined;

/** Refused like any position: `position-trimmed`, `position-ahead`, `epoch-changed`. */
export function commitOf(machine: MachineHandle, epoch: string, number: number): Promise<Commit> {
  const what = `${machine.name} ${epoch}:${number}`;
  if (last?.what === what) return last.commit;
  const commit = read(machine, epoch, number);
  last = { what, commit };
  commit.catch(() => {
    if (last?.commit === commit) last = undefined;
  });
  return commit;
}

function read(machine: MachineHandle, epoch: string, number: number): Promise<Commit> {
  return new Promise((resolve, reject) => {
    const replay = machine.replay({ from: { epoch, commit: number - 1 }, to: number, pace: 'instant' });
    const subscription = replay.observable.subscribe({
      next(item) {
        if (item.kind === 'commit') {
          resolve(item.commit);
        } else if (item.kind === 'state' && item.state === 'ended') {
          reject(new ClientError('not-found', `the log has no commit ${number}`));
        } else return;
        // It may come before `subscribe` has returned.
        queueMicrotask(() => subscription.unsubscribe());
      },
      error: reject,
    });
  });
}
