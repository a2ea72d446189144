/**
 * The server of the wire's benches: the daemon's gateway over a log in memory, and beside it a bare WebSocket server that
 * sends the same frames to everybody.
 */
import type { AddressInfo } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { pino } from 'pino';
import { type WebSocket, WebSocketServer } from 'ws';
import { openGateway } from '../../../daemon/gateway/gateway.ts';
import * as kernel from '../../../daemon/kernel/kernel.ts';
import { openMemoryBlobs } from '../../../daemon/log/blobs.ts';
import type { NewEntry } from '../../../daemon/log/log.ts';
import { openMemoryLog } from '../../../daemon/log/memory.ts';
import { openMetrics } from '../../../daemon/metrics.ts';
import { openHubs } from '../../../daemon/pipelines/hubs.ts';
import { openRuntime } from '../../../daemon/pipelines/runtime.ts';
import { EPOCH, longEntries } from '../long-log.ts';
import { playRole } from './roles.ts';

export type ServerQuestion =
  /** Answered with the addresses of both servers. */
  | { readonly ask: 'start' }
  /** Sends `count` commits to all who watch; answered when the last one was handed over. */
  | { readonly ask: 'publish'; readonly to: 'daemon' | 'raw'; readonly count: number; readonly mark: string }
  /** Bytes of memory in use, after what can be let go was. */
  | { readonly ask: 'memory' };

export const MACHINE = 'bench';
/** Commits that are published together. */
export const TOGETHER = 64;
/** Bytes that the bare server lets wait in a socket. */
const HIGH = 4 << 20;

export function playServer(): void {
  const log = openMemoryLog();
  const hubs = openHubs(log);
  const blobs = openMemoryBlobs();
  const runtime = openRuntime({
    log,
    blobs,
    kernel,
    hubs,
    now: Date.now,
    newEpoch: () => EPOCH,
    mistake: (error) => {
      throw error;
    },
  });
  const raw = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false, backlog: 4096 });
  let head = 0;
  let entryOf: (number: number) => NewEntry;

  async function start(): Promise<{ daemon: string; raw: string }> {
    entryOf = await longEntries();
    await log.create(MACHINE, EPOCH, entryOf(1));
    head = 1;
    const gateway = await openGateway(runtime, blobs, {
      host: '127.0.0.1',
      port: 0,
      logger: pino({ level: 'silent' }),
      metrics: openMetrics(),
      health: async () => ({ ready: true }),
    });
    const { port } = raw.address() as AddressInfo;
    return { daemon: `${gateway.url.replace('http', 'ws')}/ws`, raw: `ws://127.0.0.1:${port}` };
  }

  /** The next entries; `mark` is in the last one. */
  function take(count: number, mark: string): readonly NewEntry[] {
    const entries = Array.from({ length: count }, (_, i) => entryOf(head + i + 1));
    const { id, text } = entries.pop() as NewEntry;
    return [...entries, { id, text: text.replace(/}$/, `,"mark":"${mark}"}`) }];
  }

  async function publish(count: number, mark: string): Promise<void> {
    const all = take(count, mark);
    for (let from = 0; from < all.length; from += TOGETHER) {
      const some = all.slice(from, from + TOGETHER);
      const results = await Promise.all(some.map((entry, i) => log.append(MACHINE, EPOCH, head + i, entry)));
      const refused = results.find(({ status }) => status !== 'appended');
      if (refused !== undefined) throw new Error(`append: ${refused.status}`);
      for (const entry of some) hubs.publish(MACHINE, EPOCH, { number: ++head, ...entry });
      await turn();
    }
  }

  async function broadcast(count: number, mark: string): Promise<void> {
    const all = take(count, mark);
    for (let from = 0; from < all.length; from += TOGETHER) {
      const some = all.slice(from, from + TOGETHER).map(({ text }) => text);
      const frame = Buffer.from(`{"type":"commits","subscription":1,"epoch":"${EPOCH}","commits":[${some.join(',')}]}`);
      for (const socket of raw.clients) socket.send(frame, { binary: false });
      await turn();
      for (const socket of raw.clients) if (socket.bufferedAmount > HIGH) await drained(socket);
    }
  }

  playRole(async (question: ServerQuestion) => {
    switch (question.ask) {
      case 'start':
        return start();
      case 'publish':
        return question.to === 'raw'
          ? broadcast(question.count, question.mark)
          : publish(question.count, question.mark);
      case 'memory': {
        await turn();
        globalThis.gc?.();
        const { rss } = process.memoryUsage();
        return rss;
      }
    }
  });
}

async function drained(socket: WebSocket): Promise<void> {
  while (socket.bufferedAmount > HIGH / 2 && socket.readyState === socket.OPEN) {
    await turn();
  }
}
