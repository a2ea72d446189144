/**
 * The timeline of a machine of 100,000 commits, as the daemon answers it: the first time, when nothing is new, when a few
 * commits are, and up to random positions; and the longest time that others wait for their turn while the first one is made.
 * The bare loop reads and parses the same commits. Milliseconds.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { openStores, type StoreConfig } from '../../daemon/log/stores.ts';
import type { Runtime } from '../../daemon/pipelines/runtime.ts';
import { must, openTestRuntime } from '../pipelines/world.ts';
import { startRedis } from '../support/redis.ts';
import { EPOCH, fillLog, longEntries } from './long-log.ts';
import type { Bench, Row } from './row.ts';

const COMMITS = 100_000;
const NEW = 100;
const ROUNDS = 50;
const POINTS = 1024;
const NAME = 'bench';

export const timelineLmdb: Bench = async (note) => {
  const folder = mkdtempSync(join(tmpdir(), 'veneerd-bench-'));
  try {
    return await timeline('timeline-lmdb', { dataDir: folder }, note);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

export const timelineRedis: Bench = async (note) => {
  const server = await startRedis();
  try {
    return await timeline('timeline-redis', { redisUrl: server.url }, note);
  } finally {
    await server.close();
  }
};

async function timeline(bench: string, config: StoreConfig, note: (text: string) => void): Promise<readonly Row[]> {
  const { log, close } = await openStores(config);
  try {
    note(`appending ${COMMITS.toLocaleString('en')} commits`);
    await fillLog(log, NAME, COMMITS);
    const raw = await timed(() => bare(0, COMMITS));
    const runtime = openTestRuntime(log);
    await makeSnapshots(runtime);
    const ask = async (at?: number): Promise<unknown> =>
      must(await runtime.timeline({ machine: NAME, at, points: POINTS }, new AbortController().signal));

    const delays = monitorEventLoopDelay({ resolution: 1 });
    delays.enable();
    const first = await timed(() => ask());
    delays.disable();
    note(`${JSON.stringify(await ask()).length} bytes of answer`);

    const again: number[] = [];
    for (let round = 0; round < ROUNDS; round++) again.push(await timed(() => ask()));
    const entryOf = await longEntries();
    const news: number[] = [];
    const rawNews: number[] = [];
    for (let head = COMMITS; head < COMMITS + ROUNDS * NEW; head += NEW) {
      for (let n = head; n < head + NEW; n++) await log.append(NAME, EPOCH, n, entryOf(n + 1));
      rawNews.push(await timed(() => bare(head, head + NEW)));
      news.push(await timed(() => ask()));
    }
    const past: number[] = [];
    for (let round = 0; round < ROUNDS; round++) past.push(await timed(() => ask(1 + ((round * 48_271) % COMMITS))));
    await runtime.close();
    return [
      row(bench, 'first', first, raw),
      row(bench, 'longest-hold', delays.max / 1e6, null),
      row(bench, 'nothing-new-p50', half(again), null),
      row(bench, `${NEW}-new-p50`, half(news), half(rawNews)),
      row(bench, 'past-p50', half(past), null),
    ];
  } finally {
    await close();
  }

  async function bare(from: number, to: number): Promise<void> {
    for (let after = from; after < to; ) {
      const page = await log.read(NAME, EPOCH, { after });
      if (page.status !== 'page') throw new Error(page.status);
      for (const { text } of page.entries) JSON.parse(text);
      after += page.entries.length;
    }
  }
}

/** As the daemon that wrote the log has left them. */
async function makeSnapshots({ world }: Runtime): Promise<void> {
  const page = await world.log.read(NAME, EPOCH, { after: COMMITS - 1 });
  const [entry] = page.status === 'page' ? page.entries : [];
  if (entry === undefined) throw new Error(`no commit ${COMMITS}: ${page.status}`);
  world.snapshots.appended({ machine: NAME, epoch: EPOCH, entry });
  must(await world.snapshots.ensure(NAME));
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

const half = (times: readonly number[]): number => times.toSorted((a, b) => a - b)[times.length >> 1] ?? 0;

function row(bench: string, metric: string, value: number, raw: number | null): Row {
  return { bench, metric, value, unit: 'ms', raw, ratio: raw === null ? null : raw / value };
}
