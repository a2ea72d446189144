/** Readers that follow a machine from its start, come back after every break, and go over to another daemon now and then. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, ClientError } from '../../clients/sdk/node.ts';
import type { Random } from '../../daemon/kernel/machine/random.ts';
import type { Commit, Position } from '../../protocol/commit.ts';
import { printOfCommit, type Seen } from './history.ts';
import type { Machine } from './machine.ts';
import type { Outcome } from './outcome.ts';

/** One commit in so many is the last one that a reader takes from this daemon. */
const MOVES = 300;
/** A slow reader sleeps so many milliseconds after one commit in so many. */
const SLOW_EVERY = 100;
const SLOW_MS = 200;

export interface Reader {
  readonly seen: Seen;
  stop(): Promise<void>;
}

export interface Eyes {
  readonly machine: Machine;
  readonly outcome: Outcome;
  readonly random: Random;
}

export function openSeen({ machine }: Eyes, reader: string): Seen {
  const seen: Seen = { reader, epoch: undefined, prints: [] };
  machine.history.seen.push(seen);
  return seen;
}

/** Where a reader stands, as a subscription begins. */
export const standOf = ({ epoch, prints }: Seen): Position | 'start' =>
  epoch === undefined ? 'start' : { epoch, commit: prints.length };

/** Takes a commit down; false, and a complaint, where it does not follow the one before. */
export function see({ machine, outcome }: Eyes, seen: Seen, epoch: string, commit: Commit): boolean {
  const stand = standOf(seen);
  const follows = (stand === 'start' || stand.epoch === epoch) && commit.number === seen.prints.length + 1;
  if (!follows) {
    const at = stand === 'start' ? stand : `${stand.epoch}:${stand.commit}`;
    outcome.complain('torn', `FAULT-6: ${machine.name}: ${seen.reader}, at ${at}, met ${epoch}:${commit.number}`);
    return false;
  }
  seen.epoch = epoch;
  seen.prints.push(printOfCommit(commit));
  outcome.tally.seen++;
  return true;
}

/** Reads through the SDK; `clients` are its own, one to each daemon, and closing them ends it. */
export function startReader(eyes: Eyes, name: string, clients: readonly Client[], slow: boolean): Reader {
  const { machine, outcome, random } = eyes;
  const seen = openSeen(eyes, name);

  const follow = async (client: Client): Promise<void> => {
    for await (const item of client.machine(machine.name).commits({ from: standOf(seen) })) {
      if (item.kind === 'live') continue;
      if (!see(eyes, seen, item.position.epoch, item.commit)) throw new ClientError('closed', 'seen enough');
      if (slow && random(SLOW_EVERY) === 0) await sleep(SLOW_MS);
      if (random(MOVES) === 0) return;
    }
  };
  const run = async (): Promise<void> => {
    for (;;) {
      try {
        await follow(clients[random(clients.length)] as Client);
      } catch (error) {
        if (!(error instanceof ClientError)) throw error;
        if (error.code === 'closed') return;
        if (!error.temporary) {
          const stand = JSON.stringify(standOf(seen));
          outcome.complain('torn', `FAULT-6: ${machine.name}: ${name}, at ${stand}: ${error.code}, ${error.message}`);
          return;
        }
        await sleep(20);
      }
      outcome.tally.resumed++;
    }
  };
  const running = run();
  return {
    seen,
    stop() {
      for (const client of clients) client.close();
      return running;
    },
  };
}
