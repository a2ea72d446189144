/**
 * What a machine was at random positions of a log of a million commits: its view, as the daemon sends it, and its kernel
 * state, as questions about addresses need it. The snapshots are those that the daemon makes. The bare loop reads the same
 * snapshots and commits and parses them. Milliseconds.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EventLog } from '../../daemon/log/log.ts';
import { openStores, type StoreConfig } from '../../daemon/log/stores.ts';
import { openSnapshots } from '../../daemon/pipelines/snapshots.ts';
import { partJson } from '../../daemon/pipelines/snapshots-codec.ts';
import { STATE, VIEW } from '../../daemon/pipelines/snapshots-parts.ts';
import { openViews } from '../../daemon/pipelines/views.ts';
import { startRedis } from '../support/redis.ts';
import { EPOCH, fillLog } from './long-log.ts';
import type { Bench, Row } from './row.ts';

const COMMITS = 1_000_000;
const SEEKS = 300;
const NAME = 'bench';

export const seekLmdb: Bench = async (note) => {
  const folder = mkdtempSync(join(tmpdir(), 'veneerd-bench-'));
  try {
    return await seek('seek-lmdb', { dataDir: folder }, note);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

export const seekRedis: Bench = async (note) => {
  const server = await startRedis();
  try {
    return await seek('seek-redis', { redisUrl: server.url }, note);
  } finally {
    await server.close();
  }
};

async function seek(bench: string, config: StoreConfig, note: (text: string) => void): Promise<readonly Row[]> {
  const { log, close } = await openStores(config);
  try {
    note(`appending ${COMMITS.toLocaleString('en')} commits`);
    const bytes = await fillLog(log, NAME, COMMITS);
    note(`${Math.round(bytes / COMMITS)} bytes a commit; making snapshots`);
    const start = performance.now();
    const count = await makeSnapshots(log);
    const seconds = (performance.now() - start) / 1000;
    note(`${count} snapshots in ${Math.round(seconds)} s`);

    const snapshots = openSnapshots(log, fail);
    const views = openViews(snapshots, NAME, fail);
    const positions = randomPositions();
    const view = await timed(positions, async (at) => must(await views.at(at, 'whole')));
    const rawView = await timed(positions, (at) => bare(log, VIEW.name, at));
    const state = await timed(positions, async (at) => must(await snapshots.seek(NAME, at, [STATE] as const)));
    const rawState = await timed(positions, (at) => bare(log, STATE.name, at));
    return [
      row(bench, 'view-p50', at(view, 0.5), at(rawView, 0.5)),
      row(bench, 'view-p99', at(view, 0.99), at(rawView, 0.99)),
      row(bench, 'state-p50', at(state, 0.5), at(rawState, 0.5)),
      row(bench, 'state-p99', at(state, 0.99), at(rawState, 0.99)),
      { bench, metric: 'background', value: COMMITS / seconds, unit: 'commits/s', raw: null, ratio: null },
    ];
  } finally {
    await close();
  }
}

/** As a daemon does that finds a log without them: one commit more, and they are made in the background. */
async function makeSnapshots(log: EventLog): Promise<number> {
  const snapshots = openSnapshots(log, fail);
  const page = await log.read(NAME, EPOCH, { after: COMMITS - 1 });
  const [entry] = page.status === 'page' ? page.entries : [];
  if (entry === undefined) throw new Error(`no commit ${COMMITS}: ${page.status}`);
  snapshots.appended({ machine: NAME, epoch: EPOCH, entry });
  must(await snapshots.ensure(NAME));
  await snapshots.close();
  return (await log.snapshots(NAME, EPOCH)).length;
}

/** Reads and parses what a seek has to read. */
async function bare(log: EventLog, part: string, position: number): Promise<void> {
  const snapshot = await log.latestSnapshot(NAME, EPOCH, position);
  if (snapshot !== undefined) await partJson(snapshot.bytes, part);
  let after = snapshot?.number ?? 0;
  while (after < position) {
    const page = await log.read(NAME, EPOCH, { after, limit: position - after });
    if (page.status !== 'page') throw new Error(page.status);
    for (const { text } of page.entries) JSON.parse(text);
    after += page.entries.length;
  }
}

/** The same ones in each run. */
function randomPositions(): readonly number[] {
  let seed = 1;
  return Array.from({ length: SEEKS }, () => {
    seed = (seed * 48271) % 0x7fffffff;
    return 1 + (seed % COMMITS);
  });
}

/** Milliseconds of each call, in order. */
async function timed(positions: readonly number[], call: (at: number) => Promise<unknown>): Promise<readonly number[]> {
  const times: number[] = [];
  for (const position of positions) {
    const start = performance.now();
    await call(position);
    times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b);
}

const at = (times: readonly number[], share: number): number => times[Math.floor(share * (times.length - 1))] ?? 0;

function row(bench: string, metric: string, value: number, raw: number): Row {
  return { bench, metric, value, unit: 'ms', raw, ratio: raw / value };
}

function must(outcome: { readonly ok: boolean }): void {
  if (!outcome.ok) throw new Error(JSON.stringify(outcome));
}

function fail(error: unknown): void {
  throw error;
}
