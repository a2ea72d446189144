/**
 * From a command that one client sends to its commit that another one receives, through a daemon on Redis in a process of its
 * own; beside what can't be left out: a bare XADD until a blocking XREAD wakes up with it, and a bare `ws` echo of the same
 * bytes. Each sample of ours has one of theirs right before it.
 */
import { once } from 'node:events';
import { Redis } from 'ioredis';
import { WebSocket } from 'ws';
import { SUBPROTOCOL } from '../../../protocol/wire.ts';
import { startRedis } from '../../support/redis.ts';
import type { Bench, Row } from '../row.ts';
import type { DaemonQuestion } from './daemon.ts';
import { startRole } from './roles.ts';

const SAMPLES = 3_000;
const WARM = 500;
const MACHINE = 'bench';
const STREAM = 'raw';

export const latency: Bench = async (note) => {
  const store = await startRedis({ appendonly: 'yes', appendfsync: 'everysec' });
  const server = startRole('wire-daemon');
  const [writer, reader] = [new Redis(store.url), new Redis(store.url)];
  const sockets: WebSocket[] = [];
  const open = async (url: string, protocol?: string): Promise<WebSocket> => {
    const socket = new WebSocket(url, protocol, { perMessageDeflate: false });
    sockets.push(socket);
    // The daemon's hello may come with the answer that opens the socket.
    const ready = protocol === undefined ? undefined : once(socket, 'message');
    await once(socket, 'open');
    await ready;
    return socket;
  };
  try {
    const start: DaemonQuestion = { ask: 'start', stores: { redisUrl: store.url } };
    const urls = await server.ask<{ daemon: string; echo: string }>(start);
    const sender = await open(urls.daemon, SUBPROTOCOL);
    const watcher = await open(urls.daemon, SUBPROTOCOL);
    const echo = await open(urls.echo);
    await sent(sender, sender, command('boot', { type: 'boot' }), 'boot');
    await sent(
      watcher,
      watcher,
      { type: 'subscribe', subscription: 1, machine: MACHINE, from: 'now' },
      '"type":"live"',
    );

    let after = '$';
    const ours: number[] = [];
    const raw: number[] = [];
    for (let n = 0; n < WARM + SAMPLES; n++) {
      const id = `command-${n}-`;
      const frame = command(id, { type: 'unload', module: 'none' });
      const text = JSON.stringify(frame);
      const woken = reader.xread('BLOCK', 0, 'STREAMS', STREAM, after);
      const bare = await timed(async () => {
        await writer.xadd(STREAM, '*', 'text', text);
        after = (await woken)?.[0]?.[1]?.[0]?.[0] ?? after;
      });
      const echoed = await timed(() => sent(echo, echo, frame, id));
      const through = await timed(() => sent(sender, watcher, frame, id));
      if (n < WARM) continue;
      raw.push(bare + echoed);
      ours.push(through);
    }
    note(`${SAMPLES} commands, one after the other`);
    return [row('p50', 0.5, ours, raw), row('p99', 0.99, ours, raw)];
  } finally {
    for (const socket of sockets) socket.terminate();
    writer.disconnect();
    reader.disconnect();
    await server.end();
    await store.close();
  }
};

const command = (id: string, what: object): object => ({ type: 'command', id, machine: MACHINE, command: what });

/** Sends a frame; resolves when one with `mark` comes to the other socket. */
function sent(from: WebSocket, to: WebSocket, frame: object, mark: string): Promise<void> {
  return new Promise((resolve) => {
    const look = (data: Buffer): void => {
      if (!data.includes(mark)) return;
      to.off('message', look);
      resolve();
    };
    to.on('message', look);
    from.send(JSON.stringify(frame));
  });
}

/** Milliseconds. */
async function timed(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

function row(metric: string, part: number, ours: readonly number[], bare: readonly number[]): Row {
  const at = (samples: readonly number[]): number =>
    [...samples].sort((a, b) => a - b)[Math.floor(samples.length * part)] ?? Number.NaN;
  const [value, raw] = [at(ours), at(bare)];
  return { bench: 'latency', metric, value, unit: 'ms', raw, ratio: raw / value };
}
