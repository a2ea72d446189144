/**
 * A thousand watchers come back at once after a restart of the daemon on LMDB, each a thousand commits behind: the time until
 * all are live, beside a bare `ws` server that sends the same commits to a thousand sockets. Each round has servers of its own,
 * which have just started; the best of each counts.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStores, type StoreConfig } from '../../../daemon/log/stores.ts';
import { SUBPROTOCOL } from '../../../protocol/wire.ts';
import { EPOCH, fillLog } from '../long-log.ts';
import type { Bench } from '../row.ts';
import type { ClientsQuestion } from './clients.ts';
import type { DaemonQuestion } from './daemon.ts';
import { startRole } from './roles.ts';

const WATCHERS = 1_000;
const BEHIND = 1_000;
const COMMITS = 10_000;
const ROUNDS = 3;
const MACHINE = 'bench';

export const storm: Bench = async (note) => {
  const folder = mkdtempSync(join(tmpdir(), 'veneerd-bench-'));
  const stores: StoreConfig = { dataDir: folder };
  const clients = startRole('wire-clients');
  const tell = (question: ClientsQuestion): Promise<null> => clients.ask(question);
  const from = { epoch: EPOCH, commit: COMMITS - BEHIND };
  const resume = JSON.stringify({ type: 'subscribe', subscription: 1, machine: MACHINE, from });

  /** Milliseconds until all are live. */
  async function round(to: 'daemon' | 'pages'): Promise<number> {
    const server = startRole('wire-daemon');
    const question: DaemonQuestion =
      to === 'daemon' ? { ask: 'start', stores } : { ask: 'pages', from: from.commit + 1, to: COMMITS };
    const urls = await server.ask<Record<typeof to, string>>(question);
    const open = { ask: 'open', url: urls[to], count: WATCHERS, atOnce: WATCHERS, ready: '"type":"live"' } as const;
    const start = performance.now();
    await tell(to === 'daemon' ? { ...open, protocol: SUBPROTOCOL, first: resume } : open);
    const took = performance.now() - start;
    await tell({ ask: 'close' });
    await server.end();
    return took;
  }

  try {
    const filled = await openStores(stores);
    const bytes = await fillLog(filled.log, MACHINE, COMMITS).finally(() => filled.close());
    note(`${WATCHERS} watchers, ${BEHIND} commits of about ${Math.round(bytes / COMMITS)} bytes for each`);
    let value = Number.POSITIVE_INFINITY;
    let raw = Number.POSITIVE_INFINITY;
    for (let n = 0; n < ROUNDS; n++) {
      raw = Math.min(raw, await round('pages'));
      value = Math.min(value, await round('daemon'));
    }
    return [{ bench: 'storm', metric: 'until all are live', value, unit: 'ms', raw, ratio: raw / value }];
  } finally {
    await clients.end();
    rmSync(folder, { recursive: true, force: true });
  }
};
