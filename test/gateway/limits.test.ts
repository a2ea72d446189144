/** An attack on each limit of the edge: the daemon answers as documented, others don't notice, and what was held is free again. */
import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { connect } from '../../clients/sdk/node.ts';
import type { Daemon } from '../../daemon/daemon.ts';
import { BAD_FRAMES, type EdgeLimits, FRAMES_AT_ONCE, SUBSCRIPTIONS } from '../../daemon/limits.ts';
import type { Hex } from '../../protocol/address.ts';
import { CLOSE, mayReconnect } from '../../protocol/wire.ts';
import { openRaw, startMemoryDaemon } from './daemon.ts';

let daemon: Daemon;
afterEach(() => daemon.close());

const start = async (limits: Partial<EdgeLimits>): Promise<void> => {
  daemon = await startMemoryDaemon(0, { limits });
};

function tcp(): Socket {
  const { hostname, port } = new URL(daemon.url);
  const socket = connectTcp(Number(port), hostname);
  socket.on('error', () => {});
  return socket;
}

async function answerOf(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  await once(socket, 'close');
  return text;
}

/** A machine whose log is a few megabytes long. */
async function bootLarge(): Promise<void> {
  const symbol = (i: number): [string, Hex] => [`symbol_${'x'.repeat(100)}_${i}`, '0xffff800008000000'];
  const client = connect(daemon.url);
  await client.boot('large', {
    preset: 'arm64-6.1',
    profile: { symbols: Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => symbol(i))) },
  });
  client.close();
}

/** Asks for more than the network holds, and reads none of it. */
function askAndStall(behind = ''): Socket {
  const socket = tcp();
  socket.pause();
  socket.write('GET /machines/large/commits HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'.repeat(12) + behind);
  return socket;
}

const UPGRADE = [
  'GET /ws HTTP/1.1',
  'Host: 127.0.0.1',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Protocol: veneerd.v1\r\n\r\n',
].join('\r\n');

/** A client's text frame of at most 125 bytes; its mask is 0. */
function masked(text: string): Buffer {
  return Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)]);
}

const HEAD = `Host: 127.0.0.1\r\nContent-Type: application/octet-stream\r\nContent-Length: 1000000\r\n\r\n`;

it('LIM-1: a request whose head does not come to its end is closed', async () => {
  await start({ headMs: 300 });
  const socket = tcp();
  socket.write('GET /machines HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ');
  expect(await answerOf(socket)).toMatch(/^(HTTP\/1.1 408 |$)/);
});

it('LIM-2: a body that does not come is given up, and its place is free again', async () => {
  await start({ bodyMs: 100, uploads: 1 });
  const socket = tcp();
  socket.write(`POST /blobs HTTP/1.1\r\n${HEAD}abc`);
  const client = connect(daemon.url);
  await expect
    .poll(() => client.upload(new Uint8Array(8), 'x.ko').catch((error: unknown) => error))
    .toMatchObject({
      code: 'too-busy',
      temporary: true,
    });
  await answerOf(socket);
  await expect
    .poll(() => client.upload(new Uint8Array(8), 'x.ko').catch((error: unknown) => error))
    .toMatchObject({
      code: 'bad-module',
    });
  client.close();
});

it('LIM-2: a body that does not come is given up also when the answer was given already', async () => {
  await start({ bodyMs: 100 });
  for (const head of ['GET /machines', 'POST /nowhere']) {
    const socket = tcp();
    socket.write(`${head} HTTP/1.1\r\n${HEAD}abc`);
    await answerOf(socket);
  }
});

it('LIM-2: an upload that waits behind another answer gives its place back when its connection ends', async () => {
  await start({ uploads: 1 });
  await bootLarge();
  const client = connect(daemon.url);
  const again = (): Promise<unknown> => client.upload(new Uint8Array(8), 'x.ko').catch((error: unknown) => error);
  const socket = askAndStall(`POST /blobs HTTP/1.1\r\n${HEAD}abc`);
  await expect.poll(again).toMatchObject({ code: 'too-busy' });
  socket.destroy();
  await expect.poll(again).toMatchObject({ code: 'bad-module' });
  client.close();
});

it('LIM-8: an answer of which nothing is taken off is given up', async () => {
  await start({ idleMs: 200 });
  await bootLarge();
  const socket = askAndStall();
  const isGone = (): boolean => {
    // A socket that does not read hears of its end by what it writes; seldom enough to be idle in between.
    socket.write('\r\n');
    return socket.destroyed;
  };
  await expect.poll(isGone, { timeout: 20_000, interval: 1_000 }).toBe(true);
});

it('LIM-8: an answer that the daemon does not have yet may take longer', async () => {
  await start({ idleMs: 200 });
  const works = tcp();
  const head = 'POST /machines/m/commands HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n';
  works.write(`${head}Connection: close\r\nContent-Length: 2\r\n\r\n{`);
  // What came later and says nothing at all is closed.
  await answerOf(tcp());
  works.write('}');
  expect(await answerOf(works)).toContain('bad-command');
});

it('LIM-3: beyond the number of connections the next one is told to come again', async () => {
  await start({ connections: 2 });
  const first = await openRaw(daemon.url);
  const second = await openRaw(daemon.url);
  const third = new WebSocket(`${daemon.url.replace('http', 'ws')}/ws`, 'veneerd.v1');
  const [error] = (await once(third, 'error')) as [Error];
  expect(error.message).toContain('503');
  first.socket.terminate();
  await expect
    .poll(async () => {
      const again = await openRaw(daemon.url).catch(() => undefined);
      again?.socket.terminate();
      return again !== undefined;
    })
    .toBe(true);
  second.socket.terminate();
});

it('LIM-4: beyond the number of subscriptions of all connections one is refused, until another ends', async () => {
  await start({ subscriptions: 3 });
  const [one, two] = [await openRaw(daemon.url), await openRaw(daemon.url)];
  for (const { next } of [one, two]) await next();
  one.send({ type: 'command', id: 'b', machine: 'm', command: { type: 'boot' } });
  await one.next();
  const subscribe = (subscription: number) => ({ type: 'subscribe', subscription, machine: 'm', from: 'now' });
  for (const id of [1, 2]) {
    one.send(subscribe(id));
    expect([await one.next(), await one.next()].map(({ type }) => type)).toEqual(['subscribed', 'live']);
  }
  two.send(subscribe(1));
  expect([await two.next(), await two.next()].map(({ type }) => type)).toEqual(['subscribed', 'live']);
  two.send(subscribe(2));
  expect(await two.next()).toMatchObject({
    type: 'end',
    subscription: 2,
    error: { code: 'too-busy', temporary: true },
  });
  one.socket.terminate();
  await once(one.socket, 'close');
  await expect
    .poll(async () => {
      two.send(subscribe(3));
      return (await two.next()).type;
    })
    .toBe('subscribed');
});

it('LIM-4: what a connection has let go of counts until it is over', async () => {
  await start({});
  const socket = tcp();
  socket.write(UPGRADE);
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  await expect.poll(() => text).toContain('"type":"hello"');
  const frames = Array.from({ length: 2 * SUBSCRIPTIONS }, (_, subscription) => [
    { type: 'subscribe', subscription, machine: 'none', from: 'start', view: true },
    { type: 'unsubscribe', subscription },
  ]).flat();
  socket.write(Buffer.concat(frames.map((frame) => masked(JSON.stringify(frame)))));
  await expect.poll(() => text).toContain(`"subscription":${2 * SUBSCRIPTIONS - 1}`);
  expect(text.split('"too-busy"').length - 1).toBe(SUBSCRIPTIONS);
  socket.destroy();
});

it('LIM-5: frames that come faster than they are read wait in the network, and all are answered', async () => {
  await start({});
  const raw = await openRaw(daemon.url);
  await raw.next();
  const count = FRAMES_AT_ONCE + 5_000;
  for (let id = 0; id < count; id++) raw.send(`{"type":"unsubscribe","subscription":${id}}`);
  raw.send({ type: 'command', id: 'b', machine: 'm', command: { type: 'boot' } });
  expect(await raw.next()).toMatchObject({ type: 'result', id: 'b' });
});

it('FRM-2: what comes behind the last frame in error is not done', async () => {
  await start({});
  const raw = await openRaw(daemon.url);
  for (let i = 0; i < BAD_FRAMES; i++) raw.send('{}');
  raw.send({ type: 'command', id: 'b', machine: 'm', command: { type: 'boot' } });
  expect(await raw.closed).toBe(CLOSE.badFrames);
  expect((await fetch(`${daemon.url}/machines/m`)).status).toBe(404);
});

it('LIM-6: a peer that gives no sign of life is cut; one that answers pings stays', async () => {
  await start({ pingMs: 200 });
  const dead = tcp();
  dead.write(UPGRADE);
  const alive = await openRaw(daemon.url);
  await alive.next();
  expect(await answerOf(dead)).toContain('"type":"hello"');
  let pings = 0;
  alive.socket.on('ping', () => pings++);
  await expect.poll(() => pings, { timeout: 10_000 }).toBeGreaterThan(3);
  expect(alive.socket.readyState).toBe(WebSocket.OPEN);
  alive.socket.terminate();
});

it('LIM-7: a reader that takes nothing off is sent away with a code that lets it resume', async () => {
  await start({ pingMs: 100, stallMs: 500 });
  const stalled = await openRaw(daemon.url);
  await stalled.next();
  stalled.send({ type: 'command', id: 'b', machine: 'm', command: { type: 'boot' } });
  await stalled.next();
  stalled.socket.pause();
  // More than the network between the two holds.
  const big = { type: 'unload', module: `m${'x'.repeat(40)}` };
  for (let i = 0; i < 40_000; i++) stalled.send({ type: 'command', id: `u${i}`, machine: 'm', command: big });
  await expect.poll(() => metric('veneerd_connections'), { timeout: 50_000, interval: 200 }).toBe(0);
  stalled.socket.resume();
  expect(mayReconnect(await stalled.closed)).toBe(true);
});

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${daemon.url}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1]);
}
