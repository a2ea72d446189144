/** The clients of the wire's benches: bare sockets that look for the end of what they are sent and do nothing else with it. */
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { playRole } from './roles.ts';

export type ClientsQuestion =
  /** Opens `count` sockets, each of which sends `first`; answered when each has got `ready` in a frame. */
  | {
      readonly ask: 'open';
      readonly url: string;
      readonly protocol?: string;
      readonly count: number;
      /** Sockets that open at the same time; 200 unless told. */
      readonly atOnce?: number;
      readonly first?: string;
      readonly ready?: string;
    }
  /** Answered when each socket has got a frame with `mark` near its end. */
  | { readonly ask: 'until'; mark: string }
  /** Forgets the marks, for another round. */
  | { readonly ask: 'again' }
  | { readonly ask: 'close' };

const AT_ONCE = 200;
/** The mark stands in a frame's last commit, which is about this long. */
const NEAR = 16 << 10;
/** Longer than a frame without commits, shorter than one with any. */
const SHORT = 256;

interface Client {
  readonly socket: WebSocket;
  last: Buffer;
}

export function playClients(): void {
  let clients: Client[] = [];
  let wake = (): void => {};

  async function open({ url, protocol, first, ready }: Extract<ClientsQuestion, { ask: 'open' }>): Promise<Client> {
    const socket = new WebSocket(url, protocol, { perMessageDeflate: false, skipUTF8Validation: true });
    const client: Client = { socket, last: Buffer.alloc(0) };
    const isReady = new Promise<void>((resolve) => {
      socket.on('message', (data: Buffer) => {
        // What a daemon says after the last commits, that they are live, is no commit.
        if (data.length > SHORT) client.last = data;
        if (ready !== undefined && data.length < NEAR && data.includes(ready)) resolve();
        wake();
      });
    });
    await once(socket, 'open');
    if (first !== undefined) socket.send(first);
    if (ready !== undefined) await isReady;
    return client;
  }

  async function answer(question: ClientsQuestion): Promise<void> {
    switch (question.ask) {
      case 'open':
        for (let from = 0, { count, atOnce = AT_ONCE } = question; from < count; from += atOnce) {
          const some = Array.from({ length: Math.min(atOnce, count - from) }, () => open(question));
          clients.push(...(await Promise.all(some)));
        }
        return;
      case 'until': {
        const mark = Buffer.from(question.mark);
        // Each is looked at once its frame is there; frames without the mark cost one look at their end.
        const waiting = new Set(clients);
        while (waiting.size > 0) {
          for (const client of waiting) {
            if (client.last.subarray(-NEAR).includes(mark)) waiting.delete(client);
          }
          if (waiting.size === 0) return;
          await new Promise<void>((resolve) => {
            wake = (): void => void setImmediate(resolve);
          });
        }
        return;
      }
      case 'again':
        for (const client of clients) client.last = Buffer.alloc(0);
        return;
      case 'close':
        for (const { socket } of clients) socket.terminate();
        clients = [];
    }
  }

  playRole(answer);
}
