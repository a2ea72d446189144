/**
 * What the event log's guarantees cost: appends of commits as loads make them (1 to 20 kB) beside the bare store's
 * writes of the same bytes with the same durability, in the same run. Rounds alternate, the best of each counts.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { open } from 'lmdb';
import type { EventLog } from '../../daemon/log/log.ts';
import { openStores } from '../../daemon/log/stores.ts';
import { startRedis } from '../support/redis.ts';
import type { Row } from './row.ts';

const COMMITS = 20_000;
const ROUNDS = 3;
/** Appends under way at once: many commands at many machines, or one that is fed without waiting. */
const UNDER_WAY = 512;
const MACHINES = 16;

/** Appends per second to LMDB beside bare puts with a sync for each of the batches that lmdb makes of them. */
export async function appendLmdb(): Promise<readonly Row[]> {
  const texts = commits(COMMITS);
  const rows = await best(
    () => inFolder((folder) => throughLog({ dataDir: folder }, texts)),
    () =>
      inFolder(async (folder) => {
        const env = open({ path: join(folder, 'raw'), overlappingSync: false });
        const table = env.openDB<string, number>({ name: 'raw', encoding: 'string' });
        const rate = await timed(texts.length, () => windowed(texts.length, (n) => table.put(n, texts[n] ?? '')));
        await env.close();
        return rate;
      }),
  );
  return [row('append-lmdb', rows)];
}

/** Appends per second to Redis beside pipelined XADD on one connection, with the AOF synced every second. */
export async function appendRedis(): Promise<readonly Row[]> {
  const texts = commits(COMMITS);
  const server = await startRedis({ appendonly: 'yes', appendfsync: 'everysec' });
  try {
    const rows = await best(
      () => throughLog({ redisUrl: server.url }, texts),
      async () => {
        const client = new Redis(server.url);
        await client.flushall();
        const rate = await timed(texts.length, () =>
          windowed(texts.length, (n) => client.xadd(`raw-${n % MACHINES}`, '*', 'text', texts[n] ?? '')),
        );
        client.disconnect();
        return rate;
      },
    );
    return [row('append-redis', rows)];
  } finally {
    await server.close();
  }
}

async function throughLog(config: Parameters<typeof openStores>[0], texts: readonly string[]): Promise<number> {
  const stores = await openStores(config);
  try {
    const names = Array.from({ length: MACHINES }, (_, m) => `bench-${m}`);
    const epoch = `e${Date.now().toString(36)}`;
    for (const name of names) await create(stores.log, name, epoch);
    const rate = await timed(texts.length, () =>
      windowed(texts.length, async (n) => {
        // Each machine's commits are sent in order, without waiting for the one before.
        const expected = 1 + Math.floor(n / MACHINES);
        const entry = { id: `command-${n}`, text: texts[n] ?? '' };
        const before = n < MACHINES ? 'boot' : `command-${n - MACHINES}`;
        const result = await stores.log.append(names[n % MACHINES] ?? '', epoch, expected, entry, before);
        if (result.status !== 'appended') throw new Error(`unexpected ${result.status}`);
      }),
    );
    for (const name of names) await stores.log.remove(name, epoch);
    return rate;
  } finally {
    await stores.close();
  }
}

async function create(log: EventLog, name: string, epoch: string): Promise<void> {
  const result = await log.create(name, epoch, { id: 'boot', text: '{}' });
  if (result.status !== 'created') throw new Error(`${name}: ${result.status}`);
}

/** Keeps UNDER_WAY calls going until all are done. */
async function windowed(count: number, call: (n: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await call(next++);
  };
  await Promise.all(Array.from({ length: UNDER_WAY }, worker));
}

async function timed(count: number, work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return (count * 1000) / (performance.now() - start);
}

async function best(
  ours: () => Promise<number>,
  bare: () => Promise<number>,
): Promise<{ readonly value: number; readonly raw: number }> {
  let value = 0;
  let raw = 0;
  for (let round = 0; round < ROUNDS; round++) {
    raw = Math.max(raw, await bare());
    value = Math.max(value, await ours());
  }
  return { value, raw };
}

function row(bench: string, { value, raw }: { readonly value: number; readonly raw: number }): Row {
  return { bench, metric: 'appends', value: Math.round(value), unit: '1/s', raw: Math.round(raw), ratio: value / raw };
}

/** Texts like commits: JSON of 1 to 20 kB, mostly hex and names. */
function commits(count: number): readonly string[] {
  return Array.from({ length: count }, (_, n) => {
    const bytes = 1000 + ((n * 7919) % 19_000);
    const event = `{"type":"VeneerWritten","module":"xfs","address":"0xffff8000${(n * 4096).toString(16).padStart(8, '0')}"},`;
    return `{"v":1,"number":${n + 2},"events":[${event.repeat(Math.ceil(bytes / event.length)).slice(0, -1)}]}`;
  });
}

async function inFolder(work: (folder: string) => Promise<number>): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'veneerd-bench-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
