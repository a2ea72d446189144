/**
 * A reader that is 100,000 commits behind: from its subscription to the word that it is live, over a real WebSocket, beside a
 * bare loop that reads the same commits of the same store and sends them over a WebSocket of its own. Rounds alternate, the
 * best of each counts.
 */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { open } from 'lmdb';
import { WebSocket, WebSocketServer } from 'ws';
import { startDaemon } from '../../daemon/daemon.ts';
import { keysOf } from '../../daemon/log/redis-keys.ts';
import { openStores, type StoreConfig } from '../../daemon/log/stores.ts';
import { SUBPROTOCOL } from '../../protocol/wire.ts';
import { startRedis } from '../support/redis.ts';
import { EPOCH, fillLog } from './long-log.ts';
import type { Bench, Row } from './row.ts';

const COMMITS = 100_000;
const ROUNDS = 3;
const NAME = 'bench';
/** Commits in a page of the bare loop. */
const PAGE = 256;
/** Bytes that the bare loop lets a socket hold before it waits. */
const HIGH = 4 << 20;

type Pages = () => AsyncIterable<readonly string[]> | Iterable<readonly string[]>;

export const resumeLmdb: Bench = async (note) => {
  const folder = mkdtempSync(join(tmpdir(), 'veneerd-bench-'));
  const env = open({ path: join(folder, 'raw'), overlappingSync: false });
  try {
    const table = env.openDB<string, number>({ name: 'raw', encoding: 'string' });
    const copy = async (number: number, text: string): Promise<void> => {
      if (number < COMMITS) void table.put(number, text);
      else await table.put(number, text);
    };
    const pages = function* (): Generator<readonly string[]> {
      for (let from = 1; from <= COMMITS; from += PAGE) {
        yield [...table.getRange({ start: from, end: from + PAGE })].map(({ value }) => value);
      }
    };
    return await resume('resume-lmdb', { dataDir: folder }, copy, pages, note);
  } finally {
    await env.close();
    rmSync(folder, { recursive: true, force: true });
  }
};

export const resumeRedis: Bench = async (note) => {
  const server = await startRedis();
  const client = new Redis(server.url);
  try {
    const { commits } = keysOf(NAME, EPOCH);
    const pages = async function* (): AsyncGenerator<readonly string[]> {
      for (let from = '-'; ; ) {
        const page = await client.xrange(commits, from, '+', 'COUNT', PAGE);
        const last = page.at(-1);
        if (last === undefined) return;
        from = `(${last[0]}`;
        yield page.map(([, fields]) => fields[3] ?? '');
      }
    };
    return await resume('resume-redis', { redisUrl: server.url }, undefined, pages, note);
  } finally {
    client.disconnect();
    await server.close();
  }
};

/** `copy` takes the commits for the bare loop, where it can't read the store's own. */
async function resume(
  bench: string,
  config: StoreConfig,
  copy: ((number: number, text: string) => Promise<void>) | undefined,
  pages: Pages,
  note: (text: string) => void,
): Promise<readonly Row[]> {
  const bytes = await fill(config, copy);
  note(`${COMMITS.toLocaleString('en')} commits of ${Math.round(bytes / COMMITS)} bytes`);
  const daemon = await startDaemon({ host: '127.0.0.1', port: 0, stores: config, demo: 'off', logLevel: 'silent' });
  const server = await bareServer(pages);
  try {
    let value = 0;
    let raw = 0;
    for (let round = 0; round < ROUNDS; round++) {
      raw = Math.max(raw, await rate(() => received(server.url, undefined)));
      value = Math.max(value, await rate(() => received(`${daemon.url.replace('http', 'ws')}/ws`, SUBPROTOCOL)));
    }
    return [{ bench, metric: 'commits', value, unit: 'commits/s', raw, ratio: value / raw }];
  } finally {
    server.close();
    await daemon.close();
  }
}

async function fill(config: StoreConfig, copy: Parameters<typeof resume>[2]): Promise<number> {
  const { log, close } = await openStores(config);
  try {
    const bytes = await fillLog(log, NAME, COMMITS);
    for (let after = 0; copy !== undefined && after < COMMITS; ) {
      const page = await log.read(NAME, EPOCH, { after });
      if (page.status !== 'page') throw new Error(page.status);
      for (const { number, text } of page.entries) await copy(number, text);
      after += page.entries.length;
    }
    return bytes;
  } finally {
    await close();
  }
}

/** Sends all commits to whoever connects, page by page, and then nothing. */
async function bareServer(pages: Pages): Promise<{ readonly url: string; close(): void }> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
  await once(server, 'listening');
  server.on('connection', (socket) => {
    void (async () => {
      for await (const texts of pages()) {
        socket.send(`{"commits":[${texts.join()}]}`);
        while (socket.bufferedAmount > HIGH) await new Promise((resolve) => setImmediate(resolve));
      }
    })();
  });
  return { url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() };
}

/** Takes commits until all are there. */
async function received(url: string, protocol: string | undefined): Promise<void> {
  const socket = new WebSocket(url, protocol ?? []);
  await once(socket, 'open');
  let count = 0;
  const all = new Promise<void>((resolve, reject) => {
    socket.on('message', (data) => {
      const frame = JSON.parse(String(data)) as { readonly commits?: readonly unknown[] };
      count += frame.commits?.length ?? 0;
      if (count === COMMITS) resolve();
    });
    socket.on('close', () => reject(new Error(`closed after ${count} commits`)));
  });
  if (protocol !== undefined) {
    socket.send(JSON.stringify({ type: 'subscribe', subscription: 1, machine: NAME, from: 'start' }));
  }
  await all;
  socket.terminate();
}

async function rate(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return (COMMITS * 1000) / (performance.now() - start);
}
