import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { Daemon } from '../../daemon/daemon.ts';
import { BAD_FRAMES, FRAME_BYTES, SUBSCRIPTIONS } from '../../daemon/limits.ts';
import { ERRORS } from '../../protocol/errors.ts';
import { SERVER_FRAMES } from '../../protocol/frames.ts';
import { NESTING } from '../../protocol/json.ts';
import { type Valid, validator } from '../../protocol/validate.ts';
import { type AnyFrame, openRaw, startMemoryDaemon } from './daemon.ts';

let daemon: Daemon;
beforeAll(async () => {
  daemon = await startMemoryDaemon();
});
afterAll(() => daemon.close());

const schemas = Object.fromEntries(
  Object.entries(SERVER_FRAMES).map(([type, schema]) => [type, validator(schema, type)]),
) as Record<string, (frame: unknown) => Valid<unknown>>;

function isServerFrame(frame: AnyFrame): void {
  expect(schemas[frame.type]?.(frame)).toMatchObject({ ok: true });
}

it('FRM-1: the first frame says protocol, version and limits; nobody is let in without the subprotocol', async () => {
  const raw = await openRaw(daemon.url);
  const hello = await raw.next();
  isServerFrame(hello);
  expect(hello).toMatchObject({ type: 'hello', protocol: 'veneerd.v1', limits: { frameBytes: FRAME_BYTES } });
  raw.socket.close();
  for (const [path, protocol] of [
    ['/ws', undefined],
    ['/ws', 'veneerd.v2'],
    ['/elsewhere', 'veneerd.v1'],
  ] as const) {
    const socket = new WebSocket(daemon.url.replace('http', 'ws') + path, protocol);
    const [error] = (await once(socket, 'error')) as [Error];
    expect(error.message).toMatch(/Unexpected server response: 40[04]/);
  }
});

it('SUB-1, SUB-2, SUB-3, SUB-7, SUB-8: a subscription from start to end', async () => {
  const raw = await openRaw(daemon.url);
  await raw.next();
  raw.send({ type: 'command', id: 'b', machine: 'subs', command: { type: 'boot' } });
  const result = await raw.next();
  isServerFrame(result);
  const { position, commit } = result as unknown as { position: { epoch: string }; commit: unknown };
  raw.send({ type: 'subscribe', subscription: 3, machine: 'subs', from: 'start' });
  const frames = [await raw.next(), await raw.next(), await raw.next()];
  for (const frame of frames) isServerFrame(frame);
  const { epoch } = position;
  expect(frames).toEqual([
    { type: 'subscribed', subscription: 3, position: { epoch, commit: 0 } },
    { type: 'commits', subscription: 3, epoch, commits: [commit] },
    { type: 'live', subscription: 3, position: { epoch, commit: 1 } },
  ]);
  raw.send({ type: 'subscribe', subscription: 4, machine: 'subs', from: 'now' });
  expect(await raw.next()).toMatchObject({ type: 'subscribed', position: { commit: 1 } });
  expect(await raw.next()).toMatchObject({ type: 'live', subscription: 4 });
  raw.send({ type: 'unsubscribe', subscription: 3 });
  expect(await raw.next()).toEqual({ type: 'end', subscription: 3 });
  raw.send({ type: 'command', id: 'u', machine: 'subs', command: { type: 'unload', module: 'none' } });
  const both = [await raw.next(), await raw.next()].map((frame) => [frame.type, frame.subscription]);
  expect(both).toEqual(
    expect.arrayContaining([
      ['commits', 4],
      ['result', undefined],
    ]),
  );
  raw.socket.close();
});

it('SUB-5: a position that cannot be served is refused before any commit', async () => {
  const raw = await openRaw(daemon.url);
  await raw.next();
  raw.send({ type: 'command', id: 'b', machine: 'places', command: { type: 'boot' } });
  const { position } = (await raw.next()) as unknown as { position: { epoch: string; commit: number } };
  const cases = [
    ['nowhere', 'start', 'no-such-machine'],
    ['places', { epoch: 'otherepoch', commit: 0 }, 'epoch-changed'],
    ['places', { ...position, commit: 9 }, 'position-ahead'],
  ] as const;
  for (const [machine, from, code] of cases) {
    raw.send({ type: 'subscribe', subscription: 1, machine, from });
    const end = await raw.next();
    isServerFrame(end);
    expect(end).toMatchObject({ type: 'end', subscription: 1, error: { code, temporary: false } });
  }
  raw.socket.close();
});

it('FRM-2: a frame in error gets an answer that says what was expected, and repeated ones end the connection', async () => {
  const frames: readonly (readonly [unknown, RegExp])[] = [
    [Buffer.from([1, 2, 3]), /binary/],
    ['{', /not JSON/],
    ['[]', /object/],
    ['"subscribe"', /object/],
    ['{"type":"dance"}', /subscribe, unsubscribe, replay, control, command/],
    ['{"type":"__proto__"}', /subscribe, unsubscribe, replay, control, command/],
    ['{"type":"constructor"}', /subscribe, unsubscribe, replay, control, command/],
    ['{"type":"subscribe","__proto__":{}}', /__proto__/],
    ['{"type":"subscribe","\\u005f_proto__":{}}', /__proto__/],
    [`{"type":${'['.repeat(NESTING + 1)}`, /nested/],
    ['['.repeat(1_000_000), /nested/],
    [`"${'x'.repeat(FRAME_BYTES)}"`, /at most/],
    [{ type: 'subscribe', subscription: -1, machine: 'm', from: 'start' }, /subscription/],
    [{ type: 'subscribe', subscription: 1, machine: '../etc', from: 'start' }, /machine/],
    [{ type: 'subscribe', subscription: 1, machine: 'm', from: { epoch: 1, commit: 'x' } }, /from/],
    [{ type: 'subscribe', subscription: 1, machine: 'm', from: 'start', more: 1 }, /additional/],
    [{ type: 'unsubscribe', subscription: '1' }, /subscription/],
  ];
  for (let at = 0; at < frames.length; at += BAD_FRAMES - 1) {
    const raw = await openRaw(daemon.url);
    await raw.next();
    for (const [frame, message] of frames.slice(at, at + BAD_FRAMES - 1)) {
      raw.send(frame);
      const error = await raw.next();
      isServerFrame(error);
      expect(error.type).toBe((frame as AnyFrame).subscription === 1 ? 'end' : 'error');
      expect(error).toMatchObject({ error: { code: 'bad-frame', temporary: false } });
      expect((error.error as { message: string }).message).toMatch(message);
    }
    raw.send({ type: 'command', id: 'x1', machine: 'm', command: { type: 'load', blob: 'short' } });
    expect(await raw.next()).toMatchObject({ type: 'error', id: 'x1', machine: 'm', error: { code: 'bad-command' } });
    for (let n = 0; n < BAD_FRAMES; n++) raw.send('{');
    expect(await raw.closed).toBe(4500);
  }
});

it('FRM-3: a frame far beyond the limit ends the connection, and nobody else notices', async () => {
  const raw = await openRaw(daemon.url);
  await raw.next();
  raw.send(`"${'x'.repeat(2 * FRAME_BYTES)}"`);
  expect(await raw.closed).toBe(1009);
  const other = await openRaw(daemon.url);
  expect(await other.next()).toMatchObject({ type: 'hello' });
  other.socket.close();
});

it('FRM-2: too many subscriptions are refused, one by one', async () => {
  const raw = await openRaw(daemon.url);
  await raw.next();
  raw.send({ type: 'command', id: 'b', machine: 'many', command: { type: 'boot' } });
  await raw.next();
  for (let n = 0; n <= SUBSCRIPTIONS; n++)
    raw.send({ type: 'subscribe', subscription: n, machine: 'many', from: 'now' });
  const ends: AnyFrame[] = [];
  for (let n = 0; n < 2 * SUBSCRIPTIONS + 1; n++) {
    const frame = await raw.next();
    if (frame.type === 'end') ends.push(frame);
  }
  expect(ends).toMatchObject([{ subscription: SUBSCRIPTIONS, error: { code: 'too-busy', temporary: true } }]);
  raw.send({ type: 'subscribe', subscription: 1, machine: 'many', from: 'now' });
  expect(await raw.next()).toMatchObject({ type: 'error', error: { code: 'bad-frame' } });
  raw.socket.close();
});

it('FRM-2: whatever a client sends, it gets documented frames and the daemon lives', async () => {
  const base = fc.constantFrom<unknown>(
    { type: 'subscribe', subscription: 1, machine: 'fuzz', from: 'start' },
    { type: 'unsubscribe', subscription: 1 },
    { type: 'command', id: 'f1', machine: 'fuzz', command: { type: 'boot', profile: { pageSize: 4096 } } },
    { type: 'command', id: 'f2', machine: 'fuzz', command: { type: 'load', blob: 'a'.repeat(64), percpu: '0x1' } },
  );
  const mutated = fc
    .tuple(base, fc.string(), fc.nat(), fc.anything({ withNullPrototype: false, withBigInt: false }))
    .map(([frame, key, at, value]) => {
      const copy = structuredClone(frame) as Record<string, unknown>;
      const keys = Object.keys(copy);
      copy[at % 3 === 0 ? key : (keys[at % keys.length] ?? key)] = value;
      return JSON.stringify(copy) ?? '';
    });
  const text = fc.oneof(mutated, fc.json(), fc.string(), fc.string({ unit: 'binary' }));
  await fc.assert(
    fc.asyncProperty(fc.array(text, { minLength: 1, maxLength: BAD_FRAMES - 1 }), async (texts) => {
      const raw = await openRaw(daemon.url);
      for (const sent of texts) raw.send(sent);
      raw.send({ type: 'unsubscribe', subscription: 99 });
      raw.send({ type: 'command', id: 'end', machine: 'nowhere', command: { type: 'unload', module: 'x' } });
      for (let frame = await raw.next(); frame.id !== 'end'; frame = await raw.next()) {
        isServerFrame(frame);
        if (frame.error === undefined) continue;
        expect(ERRORS).toHaveProperty((frame.error as { code: string }).code);
        expect(frame.error).not.toMatchObject({ code: 'internal' });
      }
      raw.socket.close();
    }),
    { numRuns: 300 },
  );
}, 60_000);

it('FRM-2: bytes that are no WebSocket frames end that connection only', async () => {
  const { port } = new URL(daemon.url);
  for (const bytes of [
    'GET /ws HTTP/1.1\r\n\r\n',
    '\0\0\0\0',
    'GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Protocol: veneerd.v1\r\n\r\n',
  ]) {
    const socket = connectTcp(Number(port), '127.0.0.1');
    socket.on('error', () => {});
    socket.end(bytes);
    socket.resume();
    await once(socket, 'close');
  }
  const raw = await openRaw(daemon.url);
  expect(await raw.next()).toMatchObject({ type: 'hello' });
  raw.socket.close();
});

it('SUB-4: a socket that is not read costs the others nothing, and gets everything when it reads again', async () => {
  const [stalled, writer] = [await openRaw(daemon.url), await openRaw(daemon.url)];
  await Promise.all([stalled.next(), writer.next()]);
  writer.send({ type: 'command', id: 'boot', machine: 'stall', command: { type: 'boot' } });
  await writer.next();
  stalled.send({ type: 'subscribe', subscription: 1, machine: 'stall', from: 'now' });
  expect([(await stalled.next()).type, (await stalled.next()).type]).toEqual(['subscribed', 'live']);
  stalled.socket.pause();
  const count = 250;
  const command = { type: 'unload', module: 'none', exit: { updates: Array(3000).fill({ key: 'k', func: '0x0' }) } };
  for (let n = 0; n < count; n++) {
    writer.send({ type: 'command', id: `u${n}`, machine: 'stall', command });
    expect((await writer.next()).type).toBe('result');
  }
  stalled.socket.resume();
  const numbers: number[] = [];
  let pages = 0;
  while (numbers.length < count) {
    const frame = await stalled.next();
    if (frame.type !== 'commits') continue;
    const commits = frame.commits as { number: number }[];
    numbers.push(...commits.map((commit) => commit.number));
    if (commits.length > 1) pages++;
  }
  expect(numbers).toEqual(Array.from({ length: count }, (_, n) => n + 2));
  expect(pages).toBeGreaterThan(0);
  expect((await stalled.next()).type).toBe('live');
  for (const { socket } of [stalled, writer]) socket.close();
}, 60_000);
