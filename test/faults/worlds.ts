/** Worlds: a store, the daemons on it, and what can go wrong with both. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startProxy, type TcpProxy } from '../sdk/proxy.ts';
import { startRedis } from '../support/redis.ts';
import { startCluster } from '../support/redis-cluster.ts';
import { type Daemon, openDaemon, type Program } from './daemon.ts';
import { clusterFaults, deaths, type Fault, hardships, linkFaults, redisFaults } from './faults.ts';
import type { Outcome } from './outcome.ts';

export interface World {
  readonly daemons: readonly Daemon[];
  readonly faults: readonly Fault[];
}

export interface Making {
  readonly program: Program;
  readonly outcome: Outcome;
  /** The last daemon is never ended, so that its memory can be watched. */
  readonly spare: boolean;
  /** Has `close` called when all is over, the last one first. */
  atEnd(close: () => Promise<void> | void): void;
}

export type OpenWorld = (making: Making) => Promise<World>;

const DAEMONS_ON_REDIS = 3;
const DAEMONS_ON_CLUSTER = 2;

/** A folder and the one daemon that may have it. */
export const lmdbWorld: OpenWorld = async (making) => {
  const folder = mkdtempSync(join(tmpdir(), 'veneerd-faults-'));
  making.atEnd(() => rmSync(folder, { recursive: true, force: true }));
  const daemons = await startDaemons(making, [['lmdb', ['--data', folder]]]);
  return { daemons, faults: [...(making.spare ? [] : deaths(daemons)), ...hardships(daemons)] };
};

/** One Redis that loses nothing it has answered, and daemons that share it, each over a link of its own. */
export const redisWorld: OpenWorld = async (making) => {
  const server = await startRedis({ appendonly: 'yes', appendfsync: 'always' });
  making.atEnd(server.close);
  const links: TcpProxy[] = [];
  for (let n = 0; n < DAEMONS_ON_REDIS; n++) {
    const link = await startProxy(server.url);
    making.atEnd(link.close);
    links.push(link);
  }
  const daemons = await startDaemons(
    making,
    links.map(({ port }, index) => [`redis-${index + 1}`, ['--redis', `redis://127.0.0.1:${port}`]]),
  );
  const mortals = making.spare ? daemons.slice(0, -1) : daemons;
  return {
    daemons,
    faults: [...deaths(mortals), ...hardships(daemons), ...linkFaults(links), ...redisFaults([server], mortals)],
  };
};

/** Three masters without replicas: while one is away, all wait for it. */
export const clusterWorld: OpenWorld = async (making) => {
  const cluster = await startCluster();
  making.atEnd(cluster.close);
  const daemons = await startDaemons(
    making,
    Array.from({ length: DAEMONS_ON_CLUSTER }, (_, index) => [`cluster-${index + 1}`, ['--redis', cluster.url]]),
  );
  const mortals = making.spare ? daemons.slice(0, -1) : daemons;
  return {
    daemons,
    faults: [
      ...deaths(mortals),
      ...hardships(daemons),
      ...redisFaults(cluster.masters, mortals),
      ...clusterFaults(cluster),
    ],
  };
};

async function startDaemons(
  { program, outcome, atEnd }: Making,
  all: readonly (readonly [name: string, args: readonly string[]])[],
): Promise<readonly Daemon[]> {
  const daemons: Daemon[] = [];
  for (const [name, args] of all) {
    const daemon = await openDaemon(name, program, args, outcome);
    atEnd(daemon.close);
    daemons.push(daemon);
  }
  await Promise.all(daemons.map((daemon) => daemon.start()));
  return daemons;
}
