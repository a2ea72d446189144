/**
 * One command, sent until it is answered. When an answer takes long, or is a temporary error, the same id is sent again,
 * maybe to another daemon and while the first is still at it: exactly what ids are for.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, ClientError } from '../../clients/sdk/node.ts';
import type { Random } from '../../daemon/kernel/machine/random.ts';
import type { Done } from '../../protocol/frames.ts';
import { printOfCommit } from './history.ts';
import type { Machine } from './machine.ts';
import type { Outcome } from './outcome.ts';

/** Milliseconds before a client stops to wait for an answer, at least and beyond that at most. */
const PATIENCE = 200;
const MORE_PATIENCE = 3000;
/** Milliseconds after a temporary error, at most. */
const BREATH = 60;

export interface Sender {
  readonly machine: Machine;
  /** Connections of this sender alone, one to each daemon. */
  readonly clients: readonly Client[];
  readonly outcome: Outcome;
  readonly random: Random;
}

type Verdict =
  | { readonly client: Client; readonly done: Done }
  | { readonly client: Client; readonly error: unknown }
  | 'impatient';

/**
 * The answer; `conflict` when the command was refused for good, which only one with an expected position (`expecting`) may
 * be; `over` when there is no sense in going on.
 */
export async function submit(
  sender: Sender,
  id: string,
  expecting: boolean,
  send: (client: Client) => Promise<Done>,
): Promise<Done | 'conflict' | 'over'> {
  const { machine, clients, outcome, random } = sender;
  const underWay = new Map<Client, Promise<Verdict>>();
  machine.send(id);
  try {
    for (;;) {
      const free = clients.filter((client) => !underWay.has(client));
      const client = free[random(free.length)];
      if (client !== undefined) {
        outcome.tally.sent++;
        underWay.set(client, attempt(client, send));
      }
      const waited = new AbortController();
      const impatient = sleep(PATIENCE + random(MORE_PATIENCE), 'impatient' as const, { signal: waited.signal }).catch(
        () => 'impatient' as const,
      );
      const verdict = await Promise.race([...underWay.values(), impatient]);
      waited.abort();
      if (verdict === 'impatient') continue;
      underWay.delete(verdict.client);
      if ('done' in verdict) return note(sender, id, verdict.done);
      const { error } = verdict;
      if (!(error instanceof ClientError)) throw error;
      if (error.code === 'closed') return 'over';
      if (error.code === 'internal') outcome.complain('broken', `FAULT-8: ${id}: ${error.message}`);
      if (expecting && error.code === 'version-conflict') {
        machine.history.refused.add(id);
        outcome.tally.refused++;
        return 'conflict';
      }
      if (!error.temporary) {
        outcome.complain('lost', `FAULT-1: ${id} was refused: ${error.code}, ${error.message}`);
        return 'over';
      }
      await sleep(random(BREATH));
    }
  } finally {
    for (const late of underWay.values()) machine.late(late.then((verdict) => noteLate(sender, id, verdict)));
  }
}

function attempt(client: Client, send: (client: Client) => Promise<Done>): Promise<Verdict> {
  return send(client).then(
    (done) => ({ client, done }),
    (error: unknown) => ({ client, error }),
  );
}

/** An answer to an attempt that nobody waited for any more has to be the same. */
function noteLate(sender: Sender, id: string, verdict: Verdict): void {
  if (verdict !== 'impatient' && 'done' in verdict) note(sender, id, verdict.done);
}

function note({ machine, outcome }: Sender, id: string, done: Done): Done {
  const { position, repeated, commit } = done;
  outcome.tally.done++;
  if (repeated) outcome.tally.repeated++;
  machine.answered({ id, position, repeated, print: printOfCommit(commit) });
  return done;
}
