/** What to show when the page opens: what its address says, else the demo, else the first machine there is. */
import { signal } from '@preact/signals';
import { ClientError } from '../../sdk/errors.ts';
import { client, closeMachine, followLink, model, openMachine } from '../state/app.ts';
import { say } from '../ui/announce.ts';
import { troubleOf, troubleText } from '../ui/trouble.ts';
import { followTitle } from './title.ts';

/** `no-machine`: the daemon has none yet. `needs-token`: it answers nobody without one. */
export type Start = 'starting' | 'shown' | 'no-machine' | 'needs-token' | 'unreachable';

export const startState = signal<Start>('starting');

const DEMO = 'demo';
/** Milliseconds between attempts. */
const RETRY_MS = 1000;

export async function start(): Promise<void> {
  followTitle();
  await attempt();
}

async function attempt(): Promise<void> {
  try {
    const names = await machineNames();
    followLink();
    if (model.value === null) show(names);
    startState.value = model.value === null ? 'no-machine' : 'shown';
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    startState.value = error.code === 'unauthorized' ? 'needs-token' : 'unreachable';
    if (startState.value === 'unreachable') setTimeout(attempt, RETRY_MS);
  }
}

/** Any machine that is there, instead of the one that is shown. */
export async function showAny(): Promise<void> {
  try {
    const names = await machineNames();
    closeMachine();
    show(names);
    startState.value = model.value === null ? 'no-machine' : 'shown';
  } catch (error) {
    say(troubleText(troubleOf(error)), 'problem');
  }
}

async function machineNames(): Promise<readonly string[]> {
  const machines = await client.machines();
  return machines.flatMap((machine) => ('position' in machine ? [machine.name] : []));
}

function show(names: readonly string[]): void {
  const name = names.includes(DEMO) ? DEMO : names[0];
  if (name !== undefined) openMachine(name);
}
