/** Two who hold a socket back don't undo each other. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { openIntake } from '../../daemon/gateway/socket/intake.ts';
import { openOutbox } from '../../daemon/gateway/socket/outbox.ts';

it('LIM-5: what goes out does not let frames in that come too fast', async () => {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const [socket] = (await once(server, 'connection')) as [WebSocket];
  const intake = openIntake(socket);
  const outbox = openOutbox(socket, intake, () => 1 << 10);
  intake.hold('rate');
  // More than twice its share, so that the outbox holds it as well.
  await new Promise<void>((resolve) => outbox.send(Buffer.alloc(16 << 20), resolve));
  await new Promise<void>((resolve) => outbox.send('', resolve));
  expect(socket.isPaused).toBe(true);
  intake.release('rate');
  expect(socket.isPaused).toBe(false);
  client.terminate();
  server.close();
});
