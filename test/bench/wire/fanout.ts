/**
 * One publisher, many subscribers: commits delivered a second, beside a bare `ws` server that sends the same frames to as
 * many sockets. Rounds alternate between the two, the best of each counts.
 */
import { SUBPROTOCOL } from '../../../protocol/wire.ts';
import type { Bench, Row } from '../row.ts';
import type { ClientsQuestion } from './clients.ts';
import { startRole } from './roles.ts';
import { MACHINE, type ServerQuestion } from './server.ts';

/** Subscribers, and commits for each: about as many bytes in all. */
const SIZES: readonly (readonly [subscribers: number, commits: number])[] = [
  [1, 40_000],
  [100, 6_400],
  [1_000, 640],
  [9_500, 64],
];
const ROUNDS = 3;

export const fanout: Bench = async (note) => {
  const server = startRole('wire-server');
  const clients = startRole('wire-clients');
  const tell = (question: ClientsQuestion): Promise<null> => clients.ask(question);
  const rows: Row[] = [];
  const urls = await server.ask<{ daemon: string; raw: string }>({ ask: 'start' } satisfies ServerQuestion);
  const first = JSON.stringify({ type: 'subscribe', subscription: 1, machine: MACHINE, from: 'now' });
  let mark = 0;

  /** Commits delivered a second, in the best of the rounds. */
  async function measure(to: 'daemon' | 'raw', subscribers: number, commits: number): Promise<number> {
    const open = { ask: 'open', url: urls[to], count: subscribers } as const;
    await tell(to === 'raw' ? open : { ...open, protocol: SUBPROTOCOL, first, ready: '"type":"live"' });
    let best = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const name = `mark-${++mark}`;
      const start = performance.now();
      const sent = server.ask({ ask: 'publish', to, count: commits, mark: name } satisfies ServerQuestion);
      await Promise.all([sent, tell({ ask: 'until', mark: name })]);
      best = Math.max(best, (commits * subscribers) / ((performance.now() - start) / 1000));
    }
    await tell({ ask: 'close' });
    return best;
  }

  for (const [subscribers, commits] of SIZES) {
    const raw = await measure('raw', subscribers, commits);
    const value = await measure('daemon', subscribers, commits);
    note(`${subscribers} subscribers: ${Math.round(value)} of ${Math.round(raw)} commits/s`);
    rows.push({ bench: 'fanout', metric: `to ${subscribers}`, value, unit: 'commits/s', raw, ratio: value / raw });
  }
  await Promise.all([server.end(), clients.end()]);
  return rows;
};

/** Bytes of a server's memory for each connection that watches a machine, beside a bare `ws` server's for each. */
export const connections: Bench = async () => {
  const server = startRole('wire-server');
  const clients = startRole('wire-clients');
  const tell = (question: ClientsQuestion): Promise<null> => clients.ask(question);
  const memory = (): Promise<number> => server.ask({ ask: 'memory' } satisfies ServerQuestion);
  const urls = await server.ask<{ daemon: string; raw: string }>({ ask: 'start' } satisfies ServerQuestion);
  const first = JSON.stringify({ type: 'subscribe', subscription: 1, machine: MACHINE, from: 'now' });

  async function each(to: 'daemon' | 'raw'): Promise<number> {
    const open = { ask: 'open', url: urls[to] } as const;
    const more = to === 'raw' ? {} : { protocol: SUBPROTOCOL, first, ready: '"type":"live"' };
    // What is made once is made before.
    await tell({ ...open, ...more, count: WARM });
    const before = await memory();
    await tell({ ...open, ...more, count: CONNECTIONS });
    const after = await memory();
    await tell({ ask: 'close' });
    return (after - before) / CONNECTIONS;
  }

  const raw = await each('raw');
  const value = await each('daemon');
  await Promise.all([server.end(), clients.end()]);
  return [{ bench: 'connections', metric: 'memory of one', value, unit: 'bytes', raw, ratio: raw / value }];
};

const WARM = 500;
const CONNECTIONS = 5_000;
