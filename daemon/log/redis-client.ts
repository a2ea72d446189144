/**
 * A connection to Redis that fails fast: nothing waits for a server that is away, nothing is sent a second time on its
 * own. Whoever asked gets a temporary error and asks again; command ids make that safe.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Redis, type RedisOptions, ReplyError } from 'ioredis';
import { closed, corrupt, messageOf, StoreError } from './errors.ts';
import { typeOfKey } from './redis-keys.ts';

const CONNECT_MS = 3000;
/** The longest that an answer may take; a blob of 256 MiB has to pass in it. */
const COMMAND_MS = 5000;
const RECONNECT_MS = 500;

export type Script = { readonly text: string; readonly sha1: string };

/** A script of the folder redis/. */
export function script(name: string): Script {
  const text = readFileSync(new URL(`./redis/${name}.lua`, import.meta.url), 'utf8');
  return { text, sha1: createHash('sha1').update(text).digest('hex') };
}

/** @throws StoreError `store-unavailable` when there is no Redis, or none that lets us in. */
export async function connectRedis(url: string, options: RedisOptions = {}): Promise<Redis> {
  const client = new Redis(url, {
    lazyConnect: true,
    connectTimeout: CONNECT_MS,
    commandTimeout: COMMAND_MS,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (attempt) => Math.min(20 * 2 ** attempt, RECONNECT_MS),
    ...options,
  });
  // Each command says what went wrong; without a listener ioredis prints it as well.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.ping();
    return client;
  } catch (error) {
    client.disconnect();
    const { host, port } = client.options;
    throw new StoreError('store-unavailable', `Redis at ${host}:${port} can't be reached: ${messageOf(error)}`, error);
  }
}

/** Runs a script; the reply's strings are text. */
export async function run(
  client: Redis,
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
  client: Redis,
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
export async function guarded<T>(client: Redis, keys: readonly string[], command: () => Promise<T>): Promise<T> {
  try {
    return await command();
  } catch (error) {
    throw await storeError(client, keys, error);
  }
}

async function storeError(client: Redis, keys: readonly string[], error: unknown): Promise<StoreError> {
  if (error instanceof StoreError) return error;
  const message = messageOf(error);
  if (!(error instanceof ReplyError)) {
    if (client.status === 'end') return closed();
    return new StoreError('store-unavailable', `Redis is away: ${message}`, error);
  }
  if (message.includes('WRONGTYPE'))
    return (await wrongType(client, keys)) ?? corrupt(keys.join(', '), 'other types', message);
  if (message.includes('ID specified in XADD')) {
    const stream = keys.find((key) => typeOfKey(key) === 'stream') ?? keys.join(', ');
    return corrupt(stream, 'the head of the machine as last entry', `a later one (${message})`);
  }
  // A script stumbles over what is not as it wrote it, and says in which line.
  if (/^ERR .*(user_script|script: [0-9a-f]{40})/.test(message)) {
    return corrupt(keys.join(', '), 'what this program writes there', message);
  }
  return new StoreError('store-unavailable', `Redis refuses: ${message}`, error);
}

async function wrongType(client: Redis, keys: readonly string[]): Promise<StoreError | undefined> {
  for (const key of keys) {
    const type = await client.type(key).catch(() => 'none');
    if (type !== 'none' && type !== typeOfKey(key)) return corrupt(key, `a ${typeOfKey(key)}`, `a ${type}`);
  }
  return undefined;
}

function isMissingScript(error: unknown): boolean {
  return error instanceof ReplyError && messageOf(error).startsWith('NOSCRIPT');
}
