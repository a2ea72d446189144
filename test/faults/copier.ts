/** Takes sessions out of machines under load and into others, and sends each again until it is in. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, ClientError } from '../../clients/sdk/node.ts';
import type { Position } from '../../protocol/commit.ts';
import { emptyHistory, type History, printOf } from './history.ts';
import type { Machine } from './machine.ts';
import type { Sender } from './submit.ts';

/** Milliseconds between two copies, at least and beyond that at most. */
const PAUSE = 500;
const MORE_PAUSE = 1500;
const BREATH = 100;

export interface Copier {
  /** Ends after the copy that is under way. What is known of each copy is a history that nobody answered commands of. */
  stop(): Promise<readonly History[]>;
}

/** `senders`: one for each machine. */
export function startCopier(senders: readonly Sender[]): Copier {
  const copies: History[] = [];
  let stopping = false;

  const run = async (): Promise<void> => {
    for (let n = 1; !stopping; n++) {
      const sender = senders[n % senders.length] as Sender;
      const copy = await copyOf(sender, `${sender.machine.name}-copy-${n}`);
      if (copy === undefined) return;
      copies.push(copy);
      await sleep(PAUSE + sender.random(MORE_PAUSE));
    }
  };
  const running = run();
  return {
    async stop() {
      stopping = true;
      await running;
      return copies;
    },
  };
}

async function copyOf(sender: Sender, name: string): Promise<History | undefined> {
  const { machine, outcome } = sender;
  const file = await untilDone(sender, `session of ${machine.name}`, (client) => sessionOf(client, machine));
  if (file === undefined) return undefined;
  const lines = file.toString().split('\n').slice(1, -2);
  const position = await untilDone(sender, `session as ${name}`, async (client) => {
    await neverHalf(client, name, lines.length, (text) => outcome.complain('torn', text));
    return (await client.importSession(name, file)).position;
  });
  if (position === undefined) return undefined;
  outcome.tally.copied++;
  return historyOf(machine, name, position, lines);
}

async function sessionOf(client: Client, { name }: Machine): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of await client.machine(name).exportSession()) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** An earlier attempt that nobody answered may be in, or not; nothing in between. */
async function neverHalf(
  client: Client,
  name: string,
  commits: number,
  complain: (text: string) => void,
): Promise<void> {
  try {
    const { position } = await client.machine(name).summary();
    if (position.commit !== commits)
      complain(`FAULT-9: ${name} has ${position.commit} of its session's ${commits} commits`);
  } catch (error) {
    if (!(error instanceof ClientError) || error.code !== 'no-such-machine') throw error;
  }
}

/** Undefined, and a complaint, when it was refused for good. */
async function untilDone<T>(
  { clients, outcome, random }: Sender,
  what: string,
  work: (client: Client) => Promise<T>,
): Promise<T | undefined> {
  for (;;) {
    try {
      return await work(clients[random(clients.length)] as Client);
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      if (!error.temporary) {
        outcome.complain('lost', `FAULT-9: ${what}: ${error.code}, ${error.message}`);
        return undefined;
      }
      await sleep(random(BREATH));
    }
  }
}

/** The copy has the commits of the file, which are those of the machine. */
function historyOf({ history }: Machine, name: string, { epoch }: Position, lines: readonly string[]): History {
  return {
    ...emptyHistory(name),
    sent: history.sent,
    refused: history.refused,
    seen: [{ reader: 'its session file', epoch, prints: lines.map(printOf) }],
  };
}
