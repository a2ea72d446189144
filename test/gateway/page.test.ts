import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, brotliDecompressSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Daemon } from '../../daemon/daemon.ts';
import { startMemoryDaemon } from './daemon.ts';

const INDEX = '<!doctype html><title>a page</title>';
const CODE = 'export const answer = 42;';

let folder: string;
let daemon: Daemon;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'veneerd-page-'));
  const page = join(folder, 'page');
  mkdirSync(join(page, 'assets'), { recursive: true });
  for (const [name, text] of [
    ['index.html', INDEX],
    ['icon.svg', '<svg/>'],
    ['assets/index-abc.js', CODE],
  ] as const) {
    writeFileSync(join(page, name), text);
    writeFileSync(join(page, `${name}.br`), brotliCompressSync(text));
  }
  writeFileSync(join(folder, 'secret.txt'), 'not of the page');
  daemon = await startMemoryDaemon(0, { page, access: { token: 'a-token-that-is-long-enough' } });
});
afterAll(async () => {
  await daemon.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** The path goes out as it is: no client tidies it up. */
function ask(path: string, headers: Readonly<Record<string, string>> = {}, method = 'GET'): Promise<Answer> {
  const { hostname, port } = new URL(daemon.url);
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, path, method, headers }, async (response) => {
      const pieces: Buffer[] = [];
      for await (const piece of response) pieces.push(piece as Buffer);
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(pieces) });
    });
    sent.on('error', reject);
    sent.end();
  });
}

it('HTTP-8: the page is there without a token, compressed for who takes it, and runs nothing of others', async () => {
  const plain = await ask('/');
  expect(plain).toMatchObject({ status: 200, headers: { 'content-type': 'text/html; charset=utf-8' } });
  expect(String(plain.body)).toBe(INDEX);
  expect(plain.headers['cache-control']).toBe('no-cache');
  const policy = String(plain.headers['content-security-policy']);
  expect(policy).toContain("default-src 'none'; script-src 'self'");
  expect(policy).not.toContain('unsafe');
  expect(plain.headers['x-content-type-options']).toBe('nosniff');
  const small = await ask('/', { 'accept-encoding': 'br' });
  expect(small.headers['content-encoding']).toBe('br');
  expect(String(brotliDecompressSync(small.body))).toBe(INDEX);
  expect(await ask('/', {}, 'HEAD')).toMatchObject({ status: 200, body: Buffer.alloc(0) });
  expect((await ask('/icon.svg')).status).toBe(200);
  expect((await ask('/?m=demo&at=812')).status).toBe(200);
});

it('HTTP-8: what bears its digest in its name is kept for ever', async () => {
  const { status, headers, body } = await ask('/assets/index-abc.js');
  expect({ status, text: String(body), cache: headers['cache-control'] }).toEqual({
    status: 200,
    text: CODE,
    cache: 'public, max-age=31536000, immutable',
  });
});

it('HTTP-8: nothing but the page is served, and errors are kept by nobody', async () => {
  for (const path of [
    '/assets/none.js',
    '/assets/',
    '/assets/../secret.txt',
    '/assets/../../secret.txt',
    '/assets/%2e%2e/%2e%2e/secret.txt',
    '/assets/..%2f..%2fsecret.txt',
    '/assets/%00',
  ]) {
    const { status, headers, body } = await ask(path);
    expect({ path, known: [400, 401, 403, 404].includes(status) }).toEqual({ path, known: true });
    expect(String(headers['cache-control'])).not.toContain('immutable');
    expect(JSON.parse(String(body))).toMatchObject({ code: expect.any(String), message: expect.any(String) });
  }
  expect((await ask('/machines')).status).toBe(401);
});

it('HTTP-8: a daemon without a page says so', async () => {
  const bare = await startMemoryDaemon();
  const answer = await fetch(bare.url);
  expect(await answer.text()).toContain('has no page');
  await bare.close();
});
