/**
 * The daemon's edge under fire: frames and requests, well-formed ones with something changed in them and plain bytes, over
 * real sockets. Whatever comes, the answer is one that the documents have, and the daemon goes on. FUZZ_INPUTS=1000000 for
 * the long form.
 */
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { Daemon } from '../../daemon/daemon.ts';
import { ERRORS } from '../../protocol/errors.ts';
import { SERVER_FRAMES } from '../../protocol/frames.ts';
import { type Valid, validator } from '../../protocol/validate.ts';
import { startMemoryDaemon } from '../gateway/daemon.ts';
import { createRandom } from './mutate.ts';

const SEED = Number(process.env.FUZZ_SEED ?? 20260102);
const INPUTS = Number(process.env.FUZZ_INPUTS ?? 50_000);
/** Of ten inputs so many are frames, the others requests. */
const FRAMES = Math.floor(INPUTS * 0.8);
/** Connections at the same time. */
const AT_ONCE = 32;
/** Milliseconds; the long form takes longer. */
const TIMEOUT = 120_000 + 10 * INPUTS;

let daemon: Daemon;
beforeAll(async () => {
  daemon = await startMemoryDaemon();
});
afterAll(() => daemon.close());

const schemas = Object.fromEntries(
  Object.entries(SERVER_FRAMES).map(([type, schema]) => [type, validator(schema, type)]),
) as Record<string, (frame: unknown) => Valid<unknown>>;

const POSITION = { epoch: 'abcdefgh', commit: 1 };
const TEMPLATES: readonly object[] = [
  { type: 'subscribe', subscription: 1, machine: 'm', from: 'start' },
  { type: 'subscribe', subscription: 2, machine: 'm', from: POSITION, filter: { kinds: ['ModuleLive'] }, view: true },
  { type: 'subscribe', subscription: 4, machine: 'm', from: { ...POSITION, id: 'i' } },
  { type: 'beat' },
  { type: 'unsubscribe', subscription: 1 },
  { type: 'replay', subscription: 3, machine: 'm', from: 'start', to: 5, pace: 'x1000', paused: true },
  { type: 'control', subscription: 3, play: true, seek: 1, step: 2, pace: 'instant' },
  { type: 'command', id: 'i', machine: 'm', command: { type: 'boot' } },
  { type: 'command', id: 'j', machine: 'm', command: { type: 'unload', module: 'x' }, expected: POSITION },
  { type: 'command', id: 'k', machine: 'm', command: { type: 'load', blob: 'a'.repeat(64), file: 'x.ko' } },
  { type: 'command', id: 'l', machine: 'm', command: { type: 'update', key: 'k', func: '0x0' } },
  { type: 'command', id: 'n', machine: 'm', command: { type: 'bookmark', name: 'b', at: 1 } },
];
const VALUES: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  1e308,
  2 ** 53,
  '',
  'x'.repeat(5000),
  '../../etc',
  '\u0000',
  '\ud800',
  [],
  {},
  [[[[]]]],
  { toString: 1 },
  { constructor: { prototype: {} } },
];

/** A whole number below the one given. */
type Random = (limit: number) => number;

function randomOf(seed: number): Random {
  const random = createRandom(seed);
  return (limit) => Math.floor(random() * limit);
}

const pick = <T>(random: Random, list: readonly T[]): T => list[random(list.length)] as T;

/** A frame with one of its members changed, added, or left out; or its text damaged. */
function frame(random: Random): string | Buffer {
  const value = structuredClone(pick(random, TEMPLATES)) as Record<string, unknown>;
  let target = value;
  for (let depth = random(3); depth > 0; depth--) {
    const inner = Object.values(target).filter((each) => typeof each === 'object' && each !== null);
    if (inner.length === 0) break;
    target = pick(random, inner) as Record<string, unknown>;
  }
  const key = pick(random, [...Object.keys(target), 'more', 'type', '__proto__']);
  const how = random(8);
  if (how === 0) delete target[key];
  else if (how < 5)
    Object.defineProperty(target, key, { value: pick(random, VALUES), enumerable: true, configurable: true });
  const text = JSON.stringify(value);
  if (how < 6) return text;
  const bytes = Buffer.from(text);
  for (let i = random(4); i >= 0; i--) bytes[random(bytes.length)] = random(256);
  return how === 6 ? bytes.toString('latin1') : bytes;
}

/** Sends frames until they are all sent or the daemon has enough of it; the number that it took. */
async function converse(frames: readonly (string | Buffer)[]): Promise<number> {
  const socket = new WebSocket(`${daemon.url.replace('http', 'ws')}/ws`, 'veneerd.v1');
  let bad: string | undefined;
  let answers = 0;
  socket.on('message', (data) => {
    answers++;
    const answer = JSON.parse(String(data)) as { readonly type: string };
    const valid = schemas[answer.type]?.(answer);
    if (!valid?.ok) bad = `${valid?.message ?? answer.type}: ${String(data).slice(0, 300)}`;
  });
  return new Promise((resolve, reject) => {
    socket.on('error', () => {});
    socket.on('open', () => {
      for (const each of frames) socket.send(each, { binary: false });
      socket.close();
    });
    socket.on('close', (code) => {
      if (bad !== undefined) reject(new Error(bad));
      else if (answers === 0) reject(new Error('no hello'));
      else if (![1000, 1005, 1007, 4500].includes(code)) reject(new Error(`closed with ${code}`));
      else resolve(frames.length);
    });
  });
}

async function inParallel(count: number, work: (random: Random) => Promise<number>): Promise<void> {
  let left = count;
  const workers = Array.from({ length: AT_ONCE }, async (_, i) => {
    const random = randomOf(SEED + i);
    while (left > 0) {
      const done = await work(random);
      left -= done;
    }
  });
  await Promise.all(workers);
}

it('FRM-2: whatever frames come, every answer is one that the schemas have', { timeout: TIMEOUT }, async () => {
  console.log(`fuzz: ${FRAMES} frames, FUZZ_SEED=${SEED}`);
  await inParallel(FRAMES, (random) => converse(Array.from({ length: 24 }, () => frame(random))));
  const health = await fetch(`${daemon.url}/healthz`);
  expect(health.status).toBe(200);
  const { rss } = process.memoryUsage();
  expect(rss).toBeLessThan(2 * 2 ** 30);
});

const PATHS = [
  '/machines',
  '/machines/m',
  '/machines/m/view?at=1',
  '/machines/m/commits?after=0',
  '/machines/m/session',
  '/machines/m/commands',
  '/machines/m/why?address=0xffff800008000000',
  '/machines/m/diff?from=0&to=1',
  '/machines/m/fork',
  '/blobs?name=x',
  '/blobs/0000',
  '/tickets',
  '/ws',
  '/%00',
  '/..%2f..',
  '//',
  '*',
];
const TYPES = [
  'application/json',
  'application/x-ndjson',
  'application/octet-stream',
  'application/gzip',
  'text/plain',
  '',
];
const BODIES = [
  '',
  '{}',
  '[',
  '{"id":"x","command":{"type":"boot"}}',
  '{"__proto__":1}',
  '\u001f\u008b',
  'x'.repeat(2000),
];

function request(random: Random): string {
  const method = pick(random, ['GET', 'POST', 'HEAD', 'PUT', 'PATCH', 'OPTIONS', 'DELETE', 'BREW', 'GET ']);
  let path = pick(random, PATHS);
  if (random(3) === 0)
    path += pick(random, ['/', '?', '&at=-1', '?at=99999999999999999999', '%', '#', ' ', '\t', 'é', 'x'.repeat(300)]);
  const body = pick(random, BODIES);
  const lines = [`${method} ${path} HTTP/1.1`, 'Host: 127.0.0.1', 'Connection: close'];
  if (random(4) > 0) lines.push(`Content-Type: ${pick(random, TYPES)}`);
  if (random(6) > 0) lines.push(`Content-Length: ${Buffer.byteLength(body)}`);
  if (random(8) === 0)
    lines.push(
      pick(random, [
        'Origin: null',
        'Host: evil',
        'Transfer-Encoding: chunked',
        'X: \u0001',
        'Expect: x',
        'Upgrade: websocket',
      ]),
    );
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}

/** Good news, no answer, and what Node says of HTTP itself before the daemon sees a request. */
const NODES_OWN = [0, 200, 201, 204, 417, 431, 505];

/** The whole answer; empty where the connection ended without one. */
function answerTo(bytes: Buffer): Promise<string> {
  return new Promise((resolve) => {
    const { hostname, port } = new URL(daemon.url);
    let text = '';
    const socket: Socket = connect(Number(port), hostname, () => socket.end(bytes));
    // A character a byte: lengths are counted in bytes.
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk;
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(text));
  });
}

it('HTTP-1: whatever requests come, every refusal is one of the error table', { timeout: TIMEOUT }, async () => {
  console.log(`fuzz: ${INPUTS - FRAMES} requests, FUZZ_SEED=${SEED}`);
  const statuses = new Set<number>();
  await inParallel(INPUTS - FRAMES, async (random) => {
    const bytes = Buffer.from(request(random), 'latin1');
    if (random(4) === 0) bytes[random(bytes.length)] = random(256);
    const answer = await answerTo(bytes);
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0);
    statuses.add(status);
    // What follows the first answer is one to what Node took for a second request.
    const head = answer.indexOf('\r\n\r\n') + 4;
    const length = Number(/^content-length: (\d+)/im.exec(answer.slice(0, head))?.[1] ?? 0);
    const body = answer.slice(head, head + length);
    const json = body.startsWith('{') ? body : undefined;
    const known = Object.values(ERRORS).some((error) => error.status === status) || NODES_OWN.includes(status);
    if (!known) throw new Error(`status ${status} for ${JSON.stringify(String(bytes))}`);
    if (status >= 500 && status !== 503 && status !== 505)
      throw new Error(`${answer.slice(0, 500)} for ${JSON.stringify(String(bytes))}`);
    if (status >= 400 && json !== undefined)
      expect(Object.keys(ERRORS)).toContain((JSON.parse(json) as { code: string }).code);
    return 1;
  });
  expect([...statuses]).toEqual(expect.arrayContaining([200, 400, 404]));
  expect((await fetch(`${daemon.url}/readyz`)).status).toBe(200);
});
