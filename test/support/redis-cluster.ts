/** A real Redis cluster on free ports of this machine: three masters with AOF, and as many replicas if a test fails them over. */
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, type RedisServer, startRedis } from './redis.ts';

export type RedisCluster = {
  /** Names two of the nodes: clients find the others. */
  readonly url: string;
  readonly masters: readonly RedisServer[];
  /** replicas[n] copies masters[n]. */
  readonly replicas: readonly RedisServer[];
  /** The master that has the slot of a key, as it was at the start. */
  masterOf(key: string): Promise<RedisServer>;
  close(): Promise<void>;
};

const MASTERS = 3;
const SLOTS = 16_384;
const FORMS_WITHIN_MS = 30_000;

export async function startCluster(withReplicas = false): Promise<RedisCluster> {
  const masters = await startNodes();
  const replicas = withReplicas ? await startNodes() : [];
  const all = [...masters, ...replicas];
  const bounds = masters.map((_, n) => Math.floor((n * SLOTS) / MASTERS));
  for (const [n, master] of masters.entries()) {
    await master.ask('CLUSTER', 'ADDSLOTSRANGE', bounds[n] ?? 0, (bounds[n + 1] ?? SLOTS) - 1);
    await master.ask('CLUSTER', 'SET-CONFIG-EPOCH', n + 1);
  }
  const [first] = masters;
  const [host, port] = ['127.0.0.1', first?.port ?? 0];
  for (const node of all) {
    const bus = await node.ask('CONFIG', 'GET', 'cluster-port');
    if (node !== first) await first?.ask('CLUSTER', 'MEET', host, node.port, Number((bus as string[])[1]));
  }
  await until(
    all,
    async (node) => ((await node.ask('CLUSTER', 'NODES')) as string).trim().split('\n').length === all.length,
  );
  for (const [n, replica] of replicas.entries()) {
    await replica.ask('CLUSTER', 'REPLICATE', (await masters[n]?.ask('CLUSTER', 'MYID')) as string);
  }
  await until(replicas, async (node) => ((await node.ask('INFO', 'replication')) as string).includes('link_status:up'));
  await until(all, isWhole);
  return {
    url: `redis-cluster://${host}:${port},${host}:${masters[1]?.port}`,
    masters,
    replicas,
    async masterOf(key) {
      const slot = Number(await first?.ask('CLUSTER', 'KEYSLOT', key));
      const found = masters[bounds.findLastIndex((bound) => bound <= slot)];
      if (found === undefined) throw new Error(`no master for ${key}`);
      return found;
    },
    async close() {
      await Promise.all(all.map((node) => node.close()));
    },
  };
}

/** Moves the slot of a key from one node to another while clients use it; `each` runs between any two steps. */
export async function moveSlot(
  key: string,
  from: RedisServer,
  to: RedisServer,
  others: readonly RedisServer[],
  each: () => Promise<void>,
): Promise<void> {
  const slot = Number(await from.ask('CLUSTER', 'KEYSLOT', key));
  const [fromId, toId] = [String(await from.ask('CLUSTER', 'MYID')), String(await to.ask('CLUSTER', 'MYID'))];
  await to.ask('CLUSTER', 'SETSLOT', slot, 'IMPORTING', fromId);
  await from.ask('CLUSTER', 'SETSLOT', slot, 'MIGRATING', toId);
  for (;;) {
    await each();
    const [one] = (await from.ask('CLUSTER', 'GETKEYSINSLOT', slot, 1)) as string[];
    if (one === undefined) break;
    await from.ask('MIGRATE', '127.0.0.1', to.port, one, 0, 5000);
  }
  for (const node of [to, from, ...others]) await node.ask('CLUSTER', 'SETSLOT', slot, 'NODE', toId);
}

/** Resolves when this node and its view of the cluster serve all slots. */
export async function isWhole(node: RedisServer): Promise<boolean> {
  const info = (await node.ask('CLUSTER', 'INFO')) as string;
  return info.includes('cluster_state:ok') && info.includes(`cluster_size:${MASTERS}`);
}

export async function until(
  nodes: readonly RedisServer[],
  holds: (node: RedisServer) => Promise<boolean>,
): Promise<void> {
  const deadline = Date.now() + FORMS_WITHIN_MS;
  for (const node of nodes) {
    while (!(await holds(node).catch(() => false))) {
      if (Date.now() > deadline) throw new Error(`the node at ${node.port} is not as it should be`);
      await sleep(20);
    }
  }
}

async function startNodes(): Promise<readonly RedisServer[]> {
  const starts = await Promise.allSettled(
    Array.from({ length: MASTERS }, async () =>
      startRedis({
        'cluster-enabled': 'yes',
        'cluster-config-file': 'nodes.conf',
        'cluster-port': String(await freePort()),
        'cluster-node-timeout': '1000',
        'repl-diskless-sync-delay': '0',
        appendonly: 'yes',
        appendfsync: 'always',
      }),
    ),
  );
  const nodes = starts.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []));
  const failed = starts.find((start) => start.status === 'rejected');
  if (failed === undefined) return nodes;
  await Promise.all(nodes.map((node) => node.close()));
  throw failed.reason;
}
