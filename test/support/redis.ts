/** A real redis-server on a free port with a folder of its own, for as long as a test needs it. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';

export type RedisServer = {
  readonly url: string;
  readonly port: number;
  /** Ends the server at once, as a crash does. Its folder stays. */
  kill(): Promise<void>;
  /** Stops it in its tracks, and lets it go on: a server that hangs. */
  pause(): void;
  resume(): void;
  /** Starts it again on the same port and folder, and waits until it serves; options count from now on. */
  start(options?: RedisServerOptions): Promise<void>;
  /** The same without the wait. */
  launch(options?: RedisServerOptions): void;
  /** A command from outside, as a person with redis-cli. */
  ask(command: string, ...args: readonly (string | number)[]): Promise<unknown>;
  /** Kills it and deletes its folder. */
  close(): Promise<void>;
};

/** Options as on the command line, without the dashes: `{ appendonly: 'yes', appendfsync: 'always' }`. */
export type RedisServerOptions = Readonly<Record<string, string>>;

const STARTS_WITHIN_MS = 10_000;

/** Why tests with Redis can't run here, to name it when they are skipped; undefined if they can. */
export function noRedisServer(): string | undefined {
  const found = spawnSync('redis-server', ['--version']);
  return found.status === 0 ? undefined : 'SKIPPED: there is no redis-server on this machine';
}

export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), 'veneerd-redis-'));
  const port = await freePort();
  const settings = { port: String(port), bind: '127.0.0.1', dir: folder, save: '', ...options };
  let server: ChildProcess | undefined;

  const kill = async (): Promise<void> => {
    const there = server;
    server = undefined;
    if (there === undefined || there.exitCode !== null || there.signalCode !== null) return;
    there.kill('SIGKILL');
    await once(there, 'exit');
  };
  const launch = (more: RedisServerOptions = {}): ChildProcess => {
    Object.assign(settings, more);
    const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
    server = spawn('redis-server', args, { stdio: 'ignore' });
    return server;
  };
  const start = (more?: RedisServerOptions): Promise<void> => untilPong(port, launch(more));
  const ask = async (command: string, ...args: readonly (string | number)[]): Promise<unknown> => {
    const client = new Redis(port, '127.0.0.1', { retryStrategy: () => null, enableReadyCheck: false });
    client.on('error', () => undefined);
    return client.call(command, ...args).finally(() => client.disconnect());
  };

  const close = async (): Promise<void> => {
    await kill();
    rmSync(folder, { recursive: true, force: true });
  };

  await start().catch(async (error: unknown) => {
    await close();
    throw error;
  });
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    kill,
    pause: () => void server?.kill('SIGSTOP'),
    resume: () => void server?.kill('SIGCONT'),
    start,
    launch: (more) => void launch(more),
    ask,
    close,
  };
}

async function untilPong(port: number, server: ChildProcess): Promise<void> {
  const client = new Redis(port, '127.0.0.1', { lazyConnect: true, retryStrategy: () => null });
  client.on('error', () => undefined);
  const deadline = Date.now() + STARTS_WITHIN_MS;
  try {
    for (;;) {
      if (server.exitCode !== null) throw new Error(`redis-server ended with ${server.exitCode}`);
      try {
        await client.connect();
        await client.ping();
        return;
      } catch (error) {
        client.disconnect();
        if (Date.now() > deadline) throw error;
        await sleep(20);
      }
    }
  } finally {
    client.disconnect();
  }
}

/** Below the ports that systems give to outgoing connections: one of those would be gone when a server starts again. */
const PORTS = { from: 10_000, count: 20_000 };

export async function freePort(): Promise<number> {
  for (;;) {
    const port = PORTS.from + Math.floor(Math.random() * PORTS.count);
    const server = createServer().listen(port, '127.0.0.1');
    const free = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    if (!free) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}
