/** A daemon in this process, with its real sockets, and a raw client that sends what it likes. */
import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { Config } from '../../daemon/config.ts';
import { type Daemon, startDaemon } from '../../daemon/daemon.ts';
import { SUBPROTOCOL } from '../../protocol/wire.ts';

export const startMemoryDaemon = (port = 0, more: Pick<Config, 'access' | 'limits' | 'page'> = {}): Promise<Daemon> =>
  startDaemon({ host: '127.0.0.1', port, stores: { memory: true }, demo: 'off', logLevel: 'silent', ...more });

export type AnyFrame = { readonly type: string } & Readonly<Record<string, unknown>>;

/** A WebSocket whose frames are read one by one. */
export interface Raw {
  readonly socket: WebSocket;
  send(frame: unknown): void;
  next(): Promise<AnyFrame>;
  /** The code that the connection was closed with. */
  readonly closed: Promise<number>;
}

export async function openRaw(url: string): Promise<Raw> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`, SUBPROTOCOL);
  const frames: AnyFrame[] = [];
  const waiting: ((frame: AnyFrame) => void)[] = [];
  socket.on('message', (data) => {
    const frame = JSON.parse(String(data)) as AnyFrame;
    const take = waiting.shift();
    if (take) take(frame);
    else frames.push(frame);
  });
  const closed = once(socket, 'close').then(([code]) => code as number);
  await once(socket, 'open');
  return {
    socket,
    send: (frame) => socket.send(typeof frame === 'string' || Buffer.isBuffer(frame) ? frame : JSON.stringify(frame)),
    next: () => {
      const frame = frames.shift();
      return frame ? Promise.resolve(frame) : new Promise((resolve) => waiting.push(resolve));
    },
    closed,
  };
}

export const MANIFEST = {
  format: 'veneerd/manifest@1',
  name: 'plain',
  arch: 'arm64',
  sections: [
    { name: '.text', flags: ['alloc', 'exec'], size: 4096, align: 4 },
    { name: '.plt', flags: ['alloc', 'exec'], size: 1, align: 1 },
    { name: '.init.plt', flags: ['alloc', 'exec'], size: 1, align: 1 },
  ],
  imports: [],
  exports: [],
};

export const manifestBytes = (name: string): Uint8Array =>
  new TextEncoder().encode(JSON.stringify({ ...MANIFEST, name }));
