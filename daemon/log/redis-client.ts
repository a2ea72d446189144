/**
 * Connections to Redis, one server or a cluster, that fail fast: nothing waits for a server that is away, nothing that
 * may have been done is sent a second time on its own. Whoever asked gets a temporary error and asks again; command ids
 * make that safe.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster, type ClusterOptions, Redis, type RedisOptions, ReplyError } from 'ioredis';
import { closed, messageOf, StoreError } from './errors.ts';
import { parseRedisAddress, type RedisAddress } from './redis-address.ts';
import { away, isTimeout, storeError } from './redis-errors.ts';
import { tooOld } from './redis-version.ts';

/** One server, or all nodes of a cluster as one. */
export type RedisClient = Redis | Cluster;

/** The longest wait for a first connection that can be used, in milliseconds. */
const START_MS = 10_000;
const CONNECT_MS = 3000;
/** The longest that an answer may take; a blob of 256 MiB has to pass in it. */
const COMMAND_MS = 5000;
const RECONNECT_MS = 500;

/** Milliseconds for which the last thing that a connection met explains why it is away. */
const TROUBLE_MS = 10_000;

/** What messages say of a connection. */
type Link = { readonly where: string; trouble?: { readonly message: string; readonly at: number } | undefined };
const links = new WeakMap<RedisClient, Link>();

export type Script = { readonly text: string; readonly sha1: string };

/** A script of the folder redis/. */
export function script(name: string): Script {
  const text = readFileSync(new URL(`./redis/${name}.lua`, import.meta.url), 'utf8');
  return { text, sha1: createHash('sha1').update(text).digest('hex') };
}

/**
 * @throws StoreError `invalid-argument` for an address that is none, or that says server for a cluster's node or the other
 * way round; `store-unavailable` when there is no Redis, or none that lets us in.
 */
export async function connectRedis(url: string): Promise<RedisClient> {
  const address = parseRedisAddress(url);
  const client = address.cluster
    ? new Cluster([...address.nodes], clusterOptions(address))
    : new Redis({ ...address.nodes[0], ...serverOptions(address), retryStrategy: again });
  const link = listen(client, address.shown);
  try {
    const late = sleep(START_MS, undefined, { ref: false }).then(() => {
      throw notReady(client);
    });
    await Promise.race([client.connect(), late]);
    await refuseNode(client, link);
    await refuseOld(client, link);
    return client;
  } catch (error) {
    client.disconnect();
    if (error instanceof StoreError) throw error;
    throw startError(link, messageOf(error), error);
  }
}

/** A connection to subscribe on, to the same server or to some node of the cluster. It ends when it is lost. */
export async function connectAgain(client: RedisClient): Promise<Redis> {
  const nodes = client instanceof Redis ? [client] : client.nodes('master');
  const node = nodes[Math.floor(Math.random() * nodes.length)];
  if (node === undefined) throw new StoreError('store-unavailable', 'no node of the cluster is known');
  const connection = node.duplicate({
    lazyConnect: true,
    enableOfflineQueue: false,
    // Whoever subscribes wants it at once, also while the server loads its data.
    enableReadyCheck: false,
    retryStrategy: null,
    autoResubscribe: false,
  });
  connection.on('error', () => undefined);
  await connection.connect();
  return connection;
}

function serverOptions({ username, password, db, tls }: RedisAddress): RedisOptions {
  return {
    lazyConnect: true,
    connectTimeout: CONNECT_MS,
    commandTimeout: COMMAND_MS,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    maxLoadingRetryTime: RECONNECT_MS,
    // What was the primary when we came is a replica now: its name may lead to another server.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
    db,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls ? { tls: {} } : {}),
  };
}

/**
 * MOVED, ASK and TRYAGAIN say that nothing was done, so the client follows them. What waits for a node that is being
 * connected waits for COMMAND_MS at most; `guarded` lets nothing wait for the cluster as a whole.
 */
function clusterOptions(address: RedisAddress): ClusterOptions {
  return {
    lazyConnect: true,
    clusterRetryStrategy: again,
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    slotsRefreshTimeout: CONNECT_MS,
    // Names stay names: a certificate is for one of them, and an address behind it may change.
    dnsLookup: (host, done) => done(null, host),
    // A node that hangs is let go of: another one may have its slots by now.
    redisOptions: { ...serverOptions(address), socketTimeout: COMMAND_MS },
  };
}

function again(attempt: number): number {
  return Math.min(20 * 2 ** attempt, RECONNECT_MS);
}

function listen(client: RedisClient, where: string): Link {
  const link: Link = { where };
  links.set(client, link);
  // Without a listener ioredis prints errors. Those of a cluster say less than those of its nodes.
  client.on('error', (error) => client instanceof Redis && met(link, messageOf(error)));
  client.on('node error', (error) => met(link, messageOf(error)));
  client.on('connect', () => {
    link.trouble = undefined;
  });
  return link;
}

function met(link: Link, message: string): void {
  link.trouble = { message, at: performance.now() };
}

function troubleOf({ trouble }: Link): string | undefined {
  return trouble !== undefined && performance.now() - trouble.at < TROUBLE_MS ? trouble.message : undefined;
}

function startError(link: Link, message: string, cause: unknown): StoreError {
  const { where } = link;
  const trouble = troubleOf(link);
  if (/cluster support disabled/.test(trouble ?? message)) {
    return new StoreError('invalid-argument', `${where} is no cluster: write redis://`, cause);
  }
  return new StoreError('store-unavailable', away({ where, trouble }, message), cause);
}

/** A node of a cluster serves only some of the keys. */
async function refuseNode(client: RedisClient, { where }: Link): Promise<void> {
  if (!(client instanceof Redis)) return;
  const info = await client.info('cluster').catch(() => '');
  if (!info.includes('cluster_enabled:1')) return;
  throw new StoreError('invalid-argument', `${where} is a node of a cluster: write redis-cluster://`);
}

async function refuseOld(client: RedisClient, { where }: Link): Promise<void> {
  const version = tooOld(await client.info('server').catch(() => ''));
  if (version === undefined) return;
  throw new StoreError('invalid-argument', `${where} is Redis ${version}: 6.2 or newer is needed`);
}

/** Runs a script; the reply's strings are text. */
export async function run(
  client: RedisClient,
  { sha1, text }: Script,
  keys: readonly string[],
  args: readonly (string | number | Buffer)[],
): Promise<unknown> {
  return guarded(client, keys, async () => {
    try {
      return await client.evalsha(sha1, keys.length, ...keys, ...args);
    } catch (error) {
      if (!isMissingScript(error)) throw error;
      return client.eval(text, keys.length, ...keys, ...args);
    }
  });
}

/** Runs a script; the reply's strings are bytes. */
export async function runForBytes(
  client: RedisClient,
  { sha1, text }: Script,
  keys: readonly string[],
  args: readonly (string | number)[],
): Promise<unknown> {
  return guarded(client, keys, async () => {
    try {
      return await client.callBuffer('EVALSHA', sha1, keys.length, ...keys, ...args);
    } catch (error) {
      if (!isMissingScript(error)) throw error;
      return client.callBuffer('EVAL', text, keys.length, ...keys, ...args);
    }
  });
}

/** Makes a StoreError of what ioredis throws. */
export async function guarded<T>(client: RedisClient, keys: readonly string[], command: () => Promise<T>): Promise<T> {
  try {
    if (client.status !== 'ready') throw notReady(client);
    return await command();
  } catch (error) {
    if (client.status === 'end') throw closed();
    const link = links.get(client) ?? { where: 'Redis' };
    const failing = { where: link.where, trouble: troubleOf(link), typeOf: (key: string) => client.type(key) };
    const failed = await storeError(failing, keys, error);
    if (isTimeout(error) && client instanceof Redis && client.status === 'ready') {
      // It hangs: from now on calls fail at once, until it lets us in again.
      met(link, `no answer within ${COMMAND_MS / 1000} seconds`);
      client.disconnect(true);
    }
    throw failed;
  }
}

const notReady = ({ status }: RedisClient): Error =>
  new Error(status === 'connect' ? 'it loads its data, or hangs' : 'no connection');

function isMissingScript(error: unknown): boolean {
  return error instanceof ReplyError && messageOf(error).startsWith('NOSCRIPT');
}
