/**
 * The whole daemon as a server of the wire's benches, and beside it two bare WebSocket servers: one gives back what it gets,
 * one sends the same pages of commits to everybody who connects.
 */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import { startDaemon } from '../../../daemon/daemon.ts';
import type { StoreConfig } from '../../../daemon/log/stores.ts';
import { EPOCH, longEntries } from '../long-log.ts';
import { playRole } from './roles.ts';

export type DaemonQuestion =
  /** Answered with the addresses of the daemon and of the echo. */
  | { readonly ask: 'start'; readonly stores: StoreConfig }
  /** Answered with the address of a server that sends commits `from` to `to` to each socket, then that it is live. */
  | { readonly ask: 'pages'; readonly from: number; readonly to: number }
  /** Answered with the bytes of memory that this process has. */
  | { readonly ask: 'memory' };

/** Bytes of commits in a frame, as the daemon gives them to a thousand readers. */
const PAGE = 256 << 10;

export function playDaemon(): void {
  playRole(async (question: DaemonQuestion) => {
    if (question.ask === 'pages') return { pages: await servePages(question.from, question.to) };
    if (question.ask === 'memory') return process.memoryUsage().rss;
    const { stores } = question;
    const daemon = await startDaemon({ host: '127.0.0.1', port: 0, stores, demo: 'off', logLevel: 'silent' });
    return { daemon: `${daemon.url.replace('http', 'ws')}/ws`, echo: await serveEcho() };
  });
}

async function listen(): Promise<{ readonly server: WebSocketServer; readonly url: string }> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false, backlog: 4096 });
  await once(server, 'listening');
  return { server, url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

async function serveEcho(): Promise<string> {
  const { server, url } = await listen();
  server.on('connection', (socket) => socket.on('message', (data: Buffer) => socket.send(data, { binary: false })));
  return url;
}

async function servePages(from: number, to: number): Promise<string> {
  const entryOf = await longEntries();
  const frames: Buffer[] = [];
  let texts: string[] = [];
  let bytes = 0;
  for (let number = from; number <= to; number++) {
    const { text } = entryOf(number);
    texts.push(text);
    bytes += text.length;
    if (bytes < PAGE && number < to) continue;
    frames.push(Buffer.from(`{"type":"commits","subscription":1,"epoch":"${EPOCH}","commits":[${texts.join()}]}`));
    texts = [];
    bytes = 0;
  }
  frames.push(Buffer.from('{"type":"live","subscription":1}'));
  const { server, url } = await listen();
  server.on('connection', (socket) => {
    for (const frame of frames) socket.send(frame, { binary: false });
  });
  return url;
}
