/** Where the questions of the inspector are asked: the machine and the position that the page shows. */

import type { MachineHandle } from '../../sdk/types.ts';
import { client, scene } from '../state/app.ts';

export interface AskedAt {
  readonly machine: MachineHandle;
  readonly epoch: string;
  readonly commit: number;
  /** `EPOCH:COMMIT`. */
  readonly at: string;
  /** Names machine and position, as part of a question's key. */
  readonly key: string;
}

/** Null while there is no picture. */
export function useAskedAt(): AskedAt | null {
  const now = scene.value;
  if (now === null || now.epoch === '') return null;
  const { machine: name, epoch, commit } = now;
  const at = `${epoch}:${commit}`;
  return { machine: client.machine(name), epoch, commit, at, key: `${name} ${at}` };
}
