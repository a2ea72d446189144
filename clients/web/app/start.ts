/** What to show when the page opens: what its address says, else the demo, else the first machine there is. */
import { signal } from '@preact/signals';
import { ClientError } from '../../sdk/errors.ts';
import { client, followLink, model, openMachine } from '../state/app.ts';

/** `no-machine`: the daemon has none yet. `needs-token`: it answers nobody without one. */
export type Start = 'starting' | 'shown' | 'no-machine' | 'needs-token' | 'unreachable';

export const startState = signal<Start>('starting');

const DEMO = 'demo';
/** Milliseconds between attempts. */
const RETRY_MS = 1000;

export async function start(): Promise<void> {
  try {
    const machines = await client.machines();
    followLink();
    if (model.value === null) {
      const names = machines.flatMap((machine) => ('position' in machine ? [machine.name] : []));
      const name = names.includes(DEMO) ? DEMO : names[0];
      if (name !== undefined) openMachine(name);
    }
    startState.value = model.value === null ? 'no-machine' : 'shown';
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    startState.value = error.code === 'unauthorized' ? 'needs-token' : 'unreachable';
    if (startState.value === 'unreachable') setTimeout(start, RETRY_MS);
  }
}
