import { createHash } from 'node:crypto';
import { request } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Daemon } from '../../daemon/daemon.ts';
import { FRAME_BYTES } from '../../daemon/limits.ts';
import { WireErrorSchema } from '../../protocol/error-schema.ts';
import { validator } from '../../protocol/validate.ts';
import { fixture } from '../fixtures/fixtures.ts';
import { manifestBytes, startMemoryDaemon } from './daemon.ts';

let daemon: Daemon;
beforeAll(async () => {
  daemon = await startMemoryDaemon();
});
afterAll(() => daemon.close());

const isError = validator(WireErrorSchema, 'error');

interface Sent {
  readonly method?: string;
  readonly body?: string | Uint8Array;
  readonly type?: string;
  readonly headers?: Record<string, string>;
}

/** node's own client: unlike fetch it lets a test say any Host and Origin. */
function ask(
  path: string,
  { method = 'GET', body, type, headers }: Sent = {},
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(
      daemon.url + path,
      { method, headers: { ...(type === undefined ? {} : { 'content-type': type }), ...headers } },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }));
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

const json = (body: unknown): Sent => ({ method: 'POST', body: JSON.stringify(body), type: 'application/json' });
const blob = (body: Uint8Array): Sent => ({ method: 'POST', body, type: 'application/octet-stream' });

it('HTTP-1, HTTP-2: every mistake is answered with a code, a message and its status', async () => {
  await ask('/machines/there/commands', json({ id: 'b', command: { type: 'boot' } }));
  const cases: readonly (readonly [string, Sent, number, string])[] = [
    ['/nowhere', {}, 404, 'not-found'],
    ['/machines/none', {}, 404, 'no-such-machine'],
    ['/machines/none', { method: 'DELETE' }, 404, 'no-such-machine'],
    ['/machines/none/view', {}, 404, 'no-such-machine'],
    ['/machines/none/session', {}, 404, 'no-such-machine'],
    ['/machines/none/commits', {}, 404, 'no-such-machine'],
    ['/machines/..%2Fetc', {}, 400, 'bad-command'],
    [`/machines/${'x'.repeat(64)}`, {}, 400, 'bad-command'],
    ['/machines/there/view?at=x', {}, 400, 'bad-position'],
    ['/machines/there/view?at=-2', {}, 400, 'bad-position'],
    ['/machines/there/view?at=@', {}, 400, 'bad-position'],
    ['/machines/there/view?at=@none', {}, 404, 'no-such-bookmark'],
    ['/machines/there/view?at=other@epoch1234:1', {}, 400, 'bad-position'],
    ['/machines/there/view?at=there@otherepoch:1', {}, 409, 'epoch-changed'],
    ['/machines/there/view?at=otherepoch:1', {}, 409, 'epoch-changed'],
    ['/machines/there/view?at=1&epoch=otherepoch', {}, 409, 'epoch-changed'],
    ['/machines/there/view?epoch=NO', {}, 400, 'bad-position'],
    ['/machines/there/position?at=9', {}, 409, 'position-ahead'],
    ['/machines/none/bookmarks', {}, 404, 'no-such-machine'],
    ['/machines/there/diff?from=0', {}, 400, 'bad-position'],
    ['/machines/there/diff?from=0&to=x', {}, 400, 'bad-position'],
    ['/machines/there/diff?from=0&to=none@otherepoch:1', {}, 404, 'no-such-machine'],
    ['/machines/there/why?address=0x1&at=x', {}, 400, 'bad-position'],
    ['/machines/there/why?address=0x1&epoch=otherepoch', {}, 409, 'epoch-changed'],
    [
      '/machines/there/commands',
      json({ id: 'm', command: { type: 'bookmark', name: 'b', at: 7 } }),
      409,
      'position-ahead',
    ],
    [
      '/machines/there/commands',
      json({ id: 'm', command: { type: 'bookmark', name: 'b', at: null } }),
      404,
      'no-such-bookmark',
    ],
    ['/machines/there/commands', json({ id: 'm', command: { type: 'bookmark', name: 'B' } }), 400, 'bad-command'],
    ['/machines/there/view?at=1&at=2', {}, 400, 'bad-position'],
    ['/machines/there/view?at=7', {}, 409, 'position-ahead'],
    ['/machines/there/commits?after=7', {}, 409, 'position-ahead'],
    ['/machines/there/commits?epoch=otherepoch', {}, 409, 'epoch-changed'],
    ['/machines/there/commands', json({ id: 'c', command: { type: 'boot' } }), 409, 'machine-exists'],
    ['/machines/there/commands', json({ id: 'c', command: { type: 'dance' } }), 400, 'bad-command'],
    ['/machines/there/commands', json({ id: '', command: { type: 'boot' } }), 400, 'bad-command'],
    ['/machines/there/commands', json(null), 400, 'bad-command'],
    ['/machines/there/commands', { method: 'POST', body: '{', type: 'application/json' }, 400, 'bad-command'],
    ['/machines/there/commands', { method: 'POST', type: 'application/json' }, 400, 'bad-command'],
    ['/machines/there/commands', { method: 'POST', body: '{}', type: 'text/plain' }, 400, 'bad-command'],
    ['/machines/there/commands', { ...json({}), body: '{"__proto__":{}}' }, 400, 'bad-command'],
    ['/machines/there/commands', { ...json({}), body: '['.repeat(100_000) }, 400, 'bad-command'],
    ['/machines/there/session', { ...json({}) }, 400, 'bad-session'],
    ['/machines/new/session', { method: 'POST', body: '{}', type: 'application/x-ndjson' }, 400, 'bad-session'],
    ['/machines/new/commits', { method: 'POST', body: '{"v":1}\n', type: 'application/x-ndjson' }, 400, 'bad-session'],
    ['/blobs', blob(new TextEncoder().encode('text')), 400, 'bad-module'],
    ['/blobs', blob(new TextEncoder().encode('{"format":1}')), 400, 'bad-module'],
    ['/blobs', blob(gzipSync('text').subarray(0, 12)), 400, 'bad-module'],
    ['/blobs', json({}), 400, 'bad-module'],
    [`/blobs/${'0'.repeat(64)}`, {}, 404, 'no-such-blob'],
    ['/blobs/xyz', {}, 404, 'no-such-blob'],
  ];
  for (const [path, sent, status, code] of cases) {
    const answer = await ask(path, sent);
    const what = `${sent.method ?? 'GET'} ${path} ${String(sent.body).slice(0, 60)}: ${answer.text}`;
    expect([answer.status, JSON.parse(answer.text).code], what).toEqual([status, code]);
    expect(isError(JSON.parse(answer.text)), what).toMatchObject({ ok: true });
  }
});

it('HTTP-3: a module is stored under its own sha256, however it was compressed', async () => {
  const plain = fixture('hello.ko');
  const sha256 = createHash('sha256').update(plain).digest('hex');
  for (const file of ['hello.ko', 'hello.ko.gz', 'hello.ko.xz', 'hello.ko.zst']) {
    const answer = await ask(`/blobs?name=${file}`, blob(fixture(file)));
    expect(JSON.parse(answer.text)).toEqual({ sha256, size: plain.length, name: 'hello' });
  }
  expect((await ask(`/blobs/${sha256}`, { method: 'HEAD' })).status).toBe(200);
  expect((await ask(`/blobs/${'0'.repeat(64)}`, { method: 'HEAD' })).status).toBe(404);
  const manifest = JSON.parse((await ask('/blobs', blob(manifestBytes('plain')))).text);
  expect(manifest).toMatchObject({ name: 'plain', size: manifestBytes('plain').length });
});

it('HTTP-4: a body beyond the limit is too large', async () => {
  const answer = await ask('/machines/there/commands', json({ id: 'x'.repeat(FRAME_BYTES) })).catch(() => undefined);
  // A client that is still writing may see the connection end before it sees the answer.
  const message = `the body is larger than ${FRAME_BYTES} bytes, the limit of /machines/:name/commands`;
  if (answer !== undefined) {
    expect(answer.status).toBe(413);
    expect(JSON.parse(answer.text)).toMatchObject({ code: 'too-large', message });
  }
  expect((await ask('/healthz')).status).toBe(200);
});

it('HTTP-5: other origins and other names are refused', async () => {
  const { host } = new URL(daemon.url);
  expect((await ask('/machines', { headers: { origin: 'http://evil.example' } })).status).toBe(403);
  expect((await ask('/machines', { headers: { origin: 'null' } })).status).toBe(403);
  expect((await ask('/machines', { headers: { host: 'evil.example' } })).status).toBe(403);
  expect((await ask('/machines', { headers: { origin: `http://${host}` } })).status).toBe(200);
});

it('HTTP-1: the list of machines is there', async () => {
  expect(JSON.parse((await ask('/machines')).text)).toMatchObject([{ name: 'there', position: { commit: 1 } }]);
});
