/**
 * Folding a whole log in Redis, without a snapshot, beside XRANGE and JSON.parse of the same commits in the same run: the view
 * alone, the kernel's state alone, and everything that a snapshot holds. Rounds alternate, the best of each counts.
 */
import { Redis } from 'ioredis';
import type { EventLog } from '../../daemon/log/log.ts';
import { keysOf } from '../../daemon/log/redis-keys.ts';
import { openStores } from '../../daemon/log/stores.ts';
import { PARTS, type PartsOf, STATE, VIEW } from '../../daemon/pipelines/snapshots-parts.ts';
import { seek } from '../../daemon/pipelines/snapshots-seek.ts';
import { startRedis } from '../support/redis.ts';
import { EPOCH, fillLog } from './long-log.ts';
import type { Bench, Row } from './row.ts';

const COMMITS = 60_000;
const ROUNDS = 4;
const NAME = 'bench';
/** Commits that one XRANGE asks for, as the log does. */
const PAGE = 256;

const FOLDS: readonly (readonly [metric: string, parts: PartsOf<readonly unknown[]>])[] = [
  ['view', [VIEW]],
  ['kernel-state', [STATE]],
  ['snapshot', PARTS],
];

export const rebuild: Bench = async (note) => {
  const server = await startRedis();
  const { log, close } = await openStores({ redisUrl: server.url });
  const client = new Redis(server.url);
  try {
    const bytes = await fillLog(log, NAME, COMMITS);
    note(`${COMMITS.toLocaleString('en')} commits of ${Math.round(bytes / COMMITS)} bytes`);
    let raw = 0;
    const best = FOLDS.map(() => 0);
    for (let round = 0; round < ROUNDS; round++) {
      raw = Math.max(raw, await rate(() => bare(client)));
      for (const [i, [, parts]] of FOLDS.entries()) {
        best[i] = Math.max(best[i] ?? 0, await rate(() => folded(log, parts)));
      }
    }
    return FOLDS.map(([metric], i): Row => {
      const value = best[i] ?? 0;
      return { bench: 'rebuild', metric, value, unit: 'commits/s', raw, ratio: value / raw };
    });
  } finally {
    client.disconnect();
    await close();
    await server.close();
  }
};

async function folded(log: EventLog, parts: PartsOf<readonly unknown[]>): Promise<void> {
  const sought = await seek(log, NAME, undefined, parts);
  if (!sought.ok) throw new Error(sought.error.message);
}

async function bare(client: Redis): Promise<void> {
  const { commits } = keysOf(NAME, EPOCH);
  let from = '-';
  let count = 0;
  for (;;) {
    const page = await client.xrange(commits, from, '+', 'COUNT', PAGE);
    for (const [, fields] of page) JSON.parse(fields[3] ?? '');
    count += page.length;
    const last = page.at(-1);
    if (last === undefined) break;
    from = `(${last[0]}`;
  }
  if (count !== COMMITS) throw new Error(`${count} commits, expected ${COMMITS}`);
}

async function rate(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return (COMMITS * 1000) / (performance.now() - start);
}
