/** A TCP proxy that cuts connections when told to, as networks do. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export interface Proxy {
  readonly url: string;
  /** Cuts what is open. */
  cut(): void;
  /** Refuses what comes until `false`. */
  refuse(yes: boolean): void;
  close(): Promise<void>;
}

export async function startProxy(target: string): Promise<Proxy> {
  const open = new Set<Socket>();
  let refusing = false;
  const { port, hostname } = new URL(target);
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        open.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    if (refusing) client.destroy();
    client.pipe(upstream).pipe(client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const cut = (): void => {
    for (const socket of open) socket.destroy();
  };
  return {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
    cut,
    refuse(yes) {
      refusing = yes;
    },
    async close() {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
}
