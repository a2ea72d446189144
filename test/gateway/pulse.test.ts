/** Who is alive: a reader that is slow is, one that takes nothing off is not. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { openPulse } from '../../daemon/gateway/socket/pulse.ts';
import { CLOSE } from '../../protocol/wire.ts';

const STALL_MS = 1_000;
const MIB = 1 << 20;

it('LIM-7: a reader that takes a long frame off slowly stays; it goes when it takes off nothing', async () => {
  let clock = 0;
  let looks = 0;
  const pulse = openPulse(60, STALL_MS, () => {
    looks++;
    return clock;
  });
  const server = createServer().listen(0, '127.0.0.1');
  const sockets = new WebSocketServer({ noServer: true });
  const opened = new Promise<[WebSocket, Duplex]>((resolve) => {
    server.on('upgrade', (request, raw, head) => {
      sockets.handleUpgrade(request, raw, head, (socket) => resolve([socket, raw]));
    });
  });
  await once(server, 'listening');
  const reader = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const upgraded = once(reader, 'upgrade');
  const [socket, raw] = await opened;
  const [{ socket: wire }] = (await upgraded) as [{ socket: Duplex & { bytesRead: number } }];
  const closed = once(reader, 'close');

  const takeOff = async (bytes: number): Promise<void> => {
    const end = wire.bytesRead + bytes;
    reader.resume();
    await expect.poll(() => wire.bytesRead, { interval: 1 }).toBeGreaterThanOrEqual(end);
    reader.pause();
  };
  const looked = (): Promise<void> => {
    const before = looks;
    return expect.poll(() => looks).toBeGreaterThan(before);
  };

  reader.pause();
  socket.send(Buffer.alloc(64 * MIB));
  pulse.add(socket, raw);
  for (let i = 0; i < 5; i++) {
    await takeOff(4 * MIB);
    clock += 0.8 * STALL_MS;
    await looked();
  }
  expect(socket.readyState).toBe(WebSocket.OPEN);
  clock += 2 * STALL_MS;
  await looked();
  await looked();
  clock += 2 * STALL_MS;
  await expect.poll(() => socket.readyState).not.toBe(WebSocket.OPEN);
  reader.resume();
  expect((await closed)[0]).toBe(CLOSE.tooSlow);
  pulse.close();
  sockets.close();
  server.close();
});
