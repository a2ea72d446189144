/**
 * What a client asks for, and does not take off, waits outside of its socket: of large answers one at a time is made when
 * there is room for it. The daemon's end of a real connection is looked at from here.
 */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { serve } from '../../daemon/gateway/socket/connection.ts';
import { COMMANDS, FRAME_BYTES, LIVE_BYTES, SUBSCRIPTIONS } from '../../daemon/limits.ts';
import type { EventLog } from '../../daemon/log/log.ts';
import { openMemoryLog } from '../../daemon/log/memory.ts';
import type { Runtime } from '../../daemon/pipelines/runtime.ts';
import { must, openTestRuntime, put } from '../pipelines/world.ts';
import { type AnyFrame, MANIFEST } from './daemon.ts';

const SHARE = 64 << 10;
const MACHINES = 3;
/** More bytes of them, 64 times, than the network holds for a reader that takes nothing off. */
const COMMITS = 1_000;
/** What is said around commits. */
const HEADS = 16 << 10;

let server: WebSocketServer;
let runtime: Runtime;
let client: WebSocket;
let socket: WebSocket;
let frames: AnyFrame[];
/** The most that waited in the daemon's end at any moment at which something was added to it. */
let most: number;
/** Machines are made when this resolves. */
let held: Promise<void>;

beforeEach(async () => {
  held = Promise.resolve();
  const log = openMemoryLog();
  const create: EventLog['create'] = (...machine) => held.then(() => log.create(...machine));
  runtime = openTestRuntime({ ...log, create });
  server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  frames = [];
  client.on('message', (data) => frames.push(JSON.parse(String(data)) as AnyFrame));
  [socket] = (await once(server, 'connection')) as [WebSocket];
  await once(client, 'open');
  most = 0;
  const send = socket.send.bind(socket) as (...parts: unknown[]) => void;
  socket.send = (...parts: unknown[]): void => {
    send(...parts);
    most = Math.max(most, socket.bufferedAmount);
  };
  serve(socket, runtime, {
    role: 'admin',
    share: () => SHARE,
    subscribed: () => true,
    machines: MACHINES,
    pingMs: 30_000,
  });
});
afterEach(() => {
  client.terminate();
  server.close();
});

/** A module whose exports make its commit and the view of its machine large. */
const LARGE = put(
  new TextEncoder().encode(
    JSON.stringify({
      ...MANIFEST,
      exports: Array.from({ length: 4_000 }, (_, i) => ({
        name: `${'long_'.repeat(20)}${i}`,
        section: '.text',
        offset: 0,
      })),
    }),
  ),
);

const boot = (machine: string) => ({ type: 'command', id: `boot-${machine}`, machine, command: { type: 'boot' } });
const ofType = (type: string): readonly AnyFrame[] => frames.filter((frame) => frame.type === type);

/** Boots a machine and loads the large module; the bytes of its commit. */
async function loadLarge(): Promise<number> {
  must(await runtime.command('m', { id: 'boot', command: { type: 'boot' } }));
  return must(await runtime.command('m', { id: 'load', command: { type: 'load', blob: LARGE } })).text.length;
}

it('LIM-10: of 64 views that are asked for at once one is made when there is room for it, and all come', async () => {
  await loadLarge();
  const { text } = must(await runtime.view('m'));
  const { position } = must(await runtime.view('m'));
  client.pause();
  for (let subscription = 1; subscription <= SUBSCRIPTIONS; subscription++) {
    const kind = subscription % 2 === 0 ? { type: 'subscribe' } : { type: 'replay', pace: 'instant' };
    const from = subscription % 4 < 2 ? 'now' : position;
    client.send(JSON.stringify({ ...kind, subscription, machine: 'm', from, view: true }));
  }
  await expect.poll(() => most).toBeGreaterThan(SHARE);
  client.resume();
  await expect.poll(() => ofType('view').length, { timeout: 60_000 }).toBe(SUBSCRIPTIONS);
  expect(most).toBeLessThan(SHARE + 2 * text.length);
});

it('SUB-19: the bytes of the newest view are there once for all who wait for it', async () => {
  await loadLarge();
  const sent = new Set<unknown>();
  const { length } = must(await runtime.view('m')).text;
  const send = socket.send;
  socket.send = (...parts: unknown[]): void => {
    const [data] = parts;
    if (data instanceof Uint8Array && data.length > length) sent.add(data);
    (send as (...parts: unknown[]) => void)(...parts);
  };
  for (let subscription = 1; subscription <= 4; subscription++) {
    client.send(JSON.stringify({ type: 'subscribe', subscription, machine: 'm', from: 'now', view: true }));
  }
  await expect.poll(() => ofType('view').length, { timeout: 60_000 }).toBe(4);
  expect(sent.size).toBe(1);
});

it('LIM-10: views after seeks wait in the same line', async () => {
  await loadLarge();
  const { text } = must(await runtime.view('m'));
  for (let subscription = 1; subscription <= SUBSCRIPTIONS; subscription++) {
    const replay = {
      type: 'replay',
      subscription,
      machine: 'm',
      from: 'start',
      pace: 'instant',
      paused: true,
      view: true,
    };
    client.send(JSON.stringify(replay));
  }
  await expect.poll(() => ofType('state').length, { timeout: 60_000 }).toBe(SUBSCRIPTIONS);
  client.pause();
  most = 0;
  for (let subscription = 1; subscription <= SUBSCRIPTIONS; subscription++) {
    client.send(JSON.stringify({ type: 'control', subscription, seek: 2 }));
  }
  await expect.poll(() => most).toBeGreaterThan(SHARE);
  client.resume();
  await expect.poll(() => ofType('view').length, { timeout: 60_000 }).toBe(2 * SUBSCRIPTIONS);
  expect(most).toBeLessThan(SHARE + 2 * text.length);
});

it('LIM-11: of a command that is repeated 256 times one answer is made when there is room for it, and all come', async () => {
  const bytes = await loadLarge();
  client.pause();
  const frame = JSON.stringify({ type: 'command', id: 'load', machine: 'm', command: { type: 'load', blob: LARGE } });
  for (let i = 0; i < COMMANDS; i++) client.send(frame);
  await expect.poll(() => most).toBeGreaterThan(SHARE);
  client.resume();
  await expect.poll(() => ofType('result').length, { timeout: 60_000 }).toBe(COMMANDS);
  expect(ofType('result').every(({ repeated }) => repeated === true)).toBe(true);
  expect(most).toBeLessThan(SHARE + 2 * bytes);
});

it('LIM-11: commands of more than 16 MiB that have no answer yet let no more in, until they have', async () => {
  let letGo = (): void => {};
  held = new Promise((resolve) => {
    letGo = resolve;
  });
  // A frame of as many bytes as one may have.
  const frame = (id: number): string => JSON.stringify(boot(`machine-${id}`)).padEnd(FRAME_BYTES);
  for (let id = 0; id < MACHINES; id++) client.send(frame(id));
  await expect.poll(() => socket.isPaused, { timeout: 20_000 }).toBe(true);
  expect(ofType('result')).toEqual([]);
  letGo();
  await expect.poll(() => ofType('result').length, { timeout: 20_000 }).toBe(MACHINES);
  await expect.poll(() => socket.isPaused).toBe(false);
});

it('LIM-12: a connection boots so many machines, and one more is refused; what it did before is answered', async () => {
  for (const [i, name] of ['a', 'a', 'b', 'a', 'c', 'd', 'a'].entries()) {
    client.send(JSON.stringify(boot(name)));
    await expect.poll(() => frames.length).toBe(i + 2);
  }
  const [, ...answers] = frames;
  expect(answers.map(({ type, machine, repeated }) => [type, machine, repeated])).toEqual([
    ['result', 'a', false],
    ['result', 'a', true],
    ['result', 'b', false],
    ['result', 'a', true],
    ['result', 'c', false],
    ['error', 'd', undefined],
    ['error', 'a', undefined],
  ]);
  expect(answers.at(-1)).toMatchObject({ error: { code: 'too-busy', temporary: true } });
});

it('SUB-16: 64 subscriptions of a socket let a share and one batch wait in it, and each of them comes to its end', async () => {
  must(await runtime.command('m', { id: 'boot', command: { type: 'boot' } }));
  const unload = (n: number): Promise<unknown> =>
    runtime.command('m', { id: `unload-${n}`, command: { type: 'unload', module: 'none' } }).then(must);
  for (let n = 0; n < COMMITS; n++) await unload(n);
  client.pause();
  for (let subscription = 1; subscription <= SUBSCRIPTIONS; subscription++) {
    client.send(JSON.stringify({ type: 'subscribe', subscription, machine: 'm', from: 'start' }));
  }
  await expect.poll(() => most).toBeGreaterThan(SHARE);
  // Live ones come on top, while nothing is taken off.
  for (let n = COMMITS; n < 2 * COMMITS; n++) await unload(n);
  client.resume();
  const head = 1 + 2 * COMMITS;
  const last = (): number =>
    ofType('commits').filter(({ commits }) => (commits as readonly { number: number }[]).at(-1)?.number === head)
      .length;
  await expect.poll(last, { timeout: 60_000 }).toBe(SUBSCRIPTIONS);
  const numbers = new Map<number, number>();
  for (const { subscription, commits } of ofType('commits')) {
    for (const { number } of commits as readonly { number: number }[]) {
      expect(number).toBe((numbers.get(subscription as number) ?? 0) + 1);
      numbers.set(subscription as number, number);
    }
  }
  expect([...numbers.values()]).toEqual(Array.from({ length: SUBSCRIPTIONS }, () => head));
  expect(most).toBeLessThan(SHARE + LIVE_BYTES + HEADS);
});
