/** A TCP proxy that cuts, delays and swallows when told to, as networks do. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { Transform } from 'node:stream';

export interface TcpProxy {
  readonly url: string;
  readonly port: number;
  /** Cuts what is open. */
  cut(): void;
  /** Refuses what comes until `false`. */
  refuse(yes: boolean): void;
  /** Milliseconds that each piece of an answer waits, one after the other; 0: none. */
  delay(ms: number): void;
  /** Takes requests on and drops the answers until `false`, which cuts: half a stream is no use to anybody. */
  swallow(yes: boolean): void;
  /** What is open goes silent both ways, for good: nobody hears of an end either. What comes later is as ever. */
  silence(): void;
  /** Takes what comes and says nothing, until `false`. */
  mute(yes: boolean): void;
  /** Connections that came until now. */
  opened(): number;
  close(): Promise<void>;
}

export async function startProxy(target: string): Promise<TcpProxy> {
  const open = new Set<Socket>();
  const silent = new WeakSet<Socket>();
  let refusing = false;
  let swallowing = false;
  let delayMs = 0;
  let mute = false;
  let opened = 0;
  const { port: targetPort, hostname } = new URL(target);
  const server = createServer((client) => {
    opened++;
    const upstream = connect(Number(targetPort), hostname);
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        open.delete(socket);
        if (silent.has(socket)) return;
        client.destroy();
        upstream.destroy();
      });
    }
    if (refusing) client.destroy();
    if (mute) goSilent([client, upstream]);
    const flush = (done: () => void): void => {
      if (!silent.has(client)) done();
    };
    const requests = new Transform({
      transform: (piece, _, done) => (silent.has(client) ? done() : done(null, piece)),
      flush,
    });
    const answers = new Transform({
      transform(piece, _, done) {
        if (swallowing || silent.has(client)) done();
        else if (delayMs > 0) setTimeout(done, delayMs, null, piece);
        else done(null, piece);
      },
      flush,
    });
    client.pipe(requests).pipe(upstream).pipe(answers).pipe(client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  const goSilent = (sockets: Iterable<Socket>): void => {
    for (const socket of sockets) silent.add(socket);
  };
  const cut = (): void => {
    for (const socket of open) socket.destroy();
  };
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    cut,
    refuse(yes) {
      refusing = yes;
    },
    delay(ms) {
      delayMs = ms;
    },
    swallow(yes) {
      swallowing = yes;
      if (!yes) cut();
    },
    silence: () => goSilent(open),
    mute(yes) {
      mute = yes;
    },
    opened: () => opened,
    async close() {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
}
