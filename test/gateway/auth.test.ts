/** Who may do what: tokens, roles, tickets, certificates. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type IncomingMessage, type OutgoingHttpHeaders, request as plainRequest } from 'node:http';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { connect } from '../../clients/sdk/node.ts';
import { readAccess } from '../../daemon/access.ts';
import { type Daemon, startDaemon } from '../../daemon/daemon.ts';
import { openTickets } from '../../daemon/gateway/auth/tickets.ts';
import { parseTokens } from '../../daemon/gateway/auth/tokens.ts';
import { TICKET_MS } from '../../daemon/limits.ts';
import { startMemoryDaemon } from './daemon.ts';

const TOKENS = { watch: 'watch-0123456789abc', operate: 'operate-0123456789a', admin: 'admin-0123456789abc' } as const;
const folder = mkdtempSync(join(tmpdir(), 'veneer-auth-'));
const tokenFile = join(folder, 'tokens');
writeFileSync(
  tokenFile,
  `# who may what\n${Object.entries(TOKENS)
    .map((entry) => entry.join(' '))
    .join('\n')}\n\n`,
);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a daemon with tokens', () => {
  let daemon: Daemon;
  beforeAll(async () => {
    daemon = await startMemoryDaemon(0, { access: { tokenFile } });
  });
  afterAll(() => daemon.close());

  const ask = (path: string, token?: string, init: RequestInit = {}): Promise<Response> =>
    fetch(daemon.url + path, {
      ...init,
      headers: { ...init.headers, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
    });
  const boot = (name: string): RequestInit => ({
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ id: name, command: { type: 'boot' } }),
  });

  it('AUTH-1: without a token, or with one that is not known, nothing is told but that one is needed', async () => {
    for (const token of [undefined, '', 'x', 'admin-0123456789abd', `${TOKENS.admin}x`]) {
      for (const path of [
        '/machines',
        '/machines/none',
        '/nowhere',
        '/metrics',
        '/%zz',
        `/machines/${'x'.repeat(300)}`,
      ]) {
        const answer = await ask(path, token);
        expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
        expect(await answer.json()).toMatchObject({ code: 'unauthorized' });
      }
    }
    for (const path of ['/', '/healthz', '/readyz']) expect((await ask(path)).status).toBe(200);
  });

  it('AUTH-2: each role may what it may, over HTTP and over the socket', async () => {
    expect((await ask('/machines/m/commands', TOKENS.watch, boot('m'))).status).toBe(403);
    expect((await ask('/machines/m/commands', TOKENS.operate, boot('m'))).status).toBe(200);
    expect((await ask('/machines/m', TOKENS.watch)).status).toBe(200);
    expect((await ask('/machines/m', TOKENS.operate, { method: 'DELETE' })).status).toBe(403);
    const watcher = connect(daemon.url, { token: TOKENS.watch });
    const operator = connect(daemon.url, { token: TOKENS.operate });
    try {
      await expect(watcher.boot('n')).rejects.toMatchObject({ code: 'forbidden' });
      await operator.boot('n');
      for await (const item of watcher.machine('n').commits()) if (item.kind === 'live') break;
      await expect(operator.machine('n').remove()).rejects.toMatchObject({ code: 'forbidden' });
    } finally {
      watcher.close();
      operator.close();
    }
    expect((await ask('/machines/m', TOKENS.admin, { method: 'DELETE' })).status).toBe(204);
  });

  it('AUTH-1: who opens a socket without a token is told nothing else, wherever and however', async () => {
    const upgrade = { connection: 'upgrade', upgrade: 'websocket' };
    for (const [path, headers] of [
      ['/ws', upgrade],
      ['/nowhere', { ...upgrade, 'sec-websocket-protocol': 'veneerd.v1' }],
      ['/ws', { connection: 'upgrade', upgrade: 'other' }],
    ] as const) {
      const asked = plainRequest(daemon.url + path, { headers }).end();
      const [response] = (await once(asked, 'response')) as [IncomingMessage];
      expect([response.statusCode, response.headers['www-authenticate']]).toEqual([401, 'Bearer']);
      expect(JSON.parse(String(await buffer(response)))).toMatchObject({ code: 'unauthorized' });
    }
  });

  it('HTTP-1: a handshake that is none is refused as every request in error is', async () => {
    const authorization = `Bearer ${TOKENS.watch}`;
    const upgrade = { connection: 'upgrade', 'sec-websocket-protocol': 'veneerd.v1', authorization };
    const handshakes: readonly OutgoingHttpHeaders[] = [
      { ...upgrade, upgrade: 'websocket' },
      { ...upgrade, upgrade: 'websocket', 'sec-websocket-version': '7' },
      { ...upgrade, upgrade: 'other' },
    ];
    for (const headers of handshakes) {
      const asked = plainRequest(`${daemon.url}/ws`, { headers }).end();
      const [response] = (await once(asked, 'response')) as [IncomingMessage];
      expect(response.statusCode).toBe(400);
      expect(JSON.parse(String(await buffer(response)))).toMatchObject({ code: 'bad-frame', temporary: false });
    }
  });

  it('AUTH-3: a socket needs a token or a ticket, and a ticket lets in one, once', async () => {
    const open = async (query: string, headers = {}): Promise<number> => {
      const socket = new WebSocket(`${daemon.url.replace('http', 'ws')}/ws${query}`, 'veneerd.v1', { headers });
      socket.on('error', () => {});
      const status = await Promise.race([
        once(socket, 'open').then(() => 101),
        once(socket, 'unexpected-response').then(([, response]) => (response as { statusCode: number }).statusCode),
      ]);
      socket.terminate();
      return status;
    };
    expect(await open('')).toBe(401);
    expect(await open(`?token=${TOKENS.admin}`)).toBe(401);
    expect(await open('?ticket=guessed')).toBe(401);
    expect(await open('', { authorization: `Bearer ${TOKENS.watch}` })).toBe(101);
    expect((await ask('/tickets', undefined, { method: 'POST' })).status).toBe(401);
    const { ticket } = (await (await ask('/tickets', TOKENS.watch, { method: 'POST' })).json()) as { ticket: string };
    expect(await open(`?ticket=${ticket}`)).toBe(101);
    expect(await open(`?ticket=${ticket}`)).toBe(401);
  });

  it('AUTH-4: a client with a token that is not known says so at once', async () => {
    const client = connect(daemon.url, { token: 'nobody-0123456789ab' });
    await expect(client.boot('x')).rejects.toMatchObject({ code: 'unauthorized', temporary: false });
    client.close();
  });
});

it('AUTH-3: tickets run out, and only so many are open', () => {
  let now = 0;
  const tickets = openTickets(() => now);
  const first = tickets.issue('watch');
  now = TICKET_MS - 1;
  const second = tickets.issue('admin');
  expect(tickets.redeem(first)).toBe('watch');
  now = 2 * TICKET_MS;
  expect(tickets.redeem(second)).toBeUndefined();
  const many = Array.from({ length: 3000 }, () => tickets.issue('watch'));
  expect(tickets.redeem(many[0] as string)).toBeUndefined();
  expect(tickets.redeem(many[2999] as string)).toBe('watch');
});

it('AUTH-5: a token file with a mistake names the line and never the token', () => {
  const secret = 'short-secret';
  expect(() => parseTokens(`admin ${secret}`)).toThrow('line 1');
  expect(() => parseTokens(`admin ${secret}`)).not.toThrow(secret);
  expect(() => parseTokens(`watch ${TOKENS.watch}\nroot ${TOKENS.admin}`)).toThrow(
    'line 2: expected watch, operate, admin',
  );
  expect(() => parseTokens('# nothing')).toThrow('at least one');
});

it.each([['secret'], ['a token with its spaces'], ['x'.repeat(257)], ['    ']])(
  'AUTH-5: the token %j is refused by the name of its variable, with the length that it should have',
  (token) => {
    expect(() => readAccess({ host: '127.0.0.1', token })).toThrow(
      /^VENEERD_TOKEN: expected 16 to 256 printable characters without spaces$/,
    );
  },
);

it("AUTH-5: a token of the right length is an admin's", () => {
  const token = 'x'.repeat(16);
  expect(readAccess({ host: '127.0.0.1', token }).tokens).toEqual([{ role: 'admin', token }]);
});

it('AUTH-6: beyond loopback a daemon without tokens makes one, and asks for it', async () => {
  const config = { host: '0.0.0.0', port: 0, stores: { memory: true }, demo: 'off', logLevel: 'silent' } as const;
  const daemon = await startDaemon(config);
  try {
    expect(daemon.madeToken).toMatch(/^[\w-]{32}$/);
    expect((await fetch(`${daemon.url}/machines`)).status).toBe(401);
    const headers = { authorization: `Bearer ${daemon.madeToken}` };
    expect((await fetch(`${daemon.url}/machines`, { headers })).status).toBe(200);
  } finally {
    await daemon.close();
  }
});

it('AUTH-7: with a certificate the daemon speaks TLS alone', async () => {
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'];
  execFileSync('openssl', ['req', '-x509', ...curve, '-keyout', key, '-out', cert, ...subject], { stdio: 'ignore' });
  const daemon = await startMemoryDaemon(0, { access: { tlsCert: cert, tlsKey: key } });
  const ca = readFileSync(cert);
  try {
    expect(daemon.url).toMatch(/^https:/);
    const asked = request(`${daemon.url}/machines`, { ca }).end();
    const [response] = (await once(asked, 'response')) as [{ statusCode: number; resume(): void }];
    response.resume();
    expect(response.statusCode).toBe(200);
    const socket = new WebSocket(`${daemon.url.replace('https', 'wss')}/ws`, 'veneerd.v1', { ca });
    const [hello] = (await once(socket, 'message')) as [Buffer];
    expect(JSON.parse(String(hello))).toMatchObject({ type: 'hello' });
    socket.terminate();
    await expect(fetch(daemon.url.replace('https', 'http'))).rejects.toThrow();
  } finally {
    await daemon.close();
  }
  await expect(startMemoryDaemon(0, { access: { tlsCert: cert } })).rejects.toThrow('--tls-key');
});
