/** What supervisors, load balancers and Prometheus hear, from daemons on stores that fail for real. */
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from '../../clients/sdk/node.ts';
import { type Daemon, startDaemon } from '../../daemon/daemon.ts';
import { noRedisServer, startRedis } from '../support/redis.ts';
import { startMemoryDaemon } from './daemon.ts';

const text = async (url: string): Promise<string> => (await fetch(url)).text();

describe('a daemon', () => {
  let daemon: Daemon;
  beforeAll(async () => {
    daemon = await startMemoryDaemon();
  });
  afterAll(() => daemon.close());

  it('OPS-1: says that it lives, and that it is ready', async () => {
    expect(await (await fetch(`${daemon.url}/healthz`)).json()).toMatchObject({ status: 'ok' });
    const ready = await fetch(`${daemon.url}/readyz`);
    expect([ready.status, await ready.json()]).toEqual([200, { status: 'ready' }]);
  });

  it('OPS-2: counts commands by type and outcome, requests by route, connections', async () => {
    const client = connect(daemon.url);
    try {
      await client.boot('counted');
      await client.boot('counted').catch(() => undefined);
      await client.machine('counted').summary();
      const metrics = await text(`${daemon.url}/metrics`);
      expect(metrics).toContain('veneerd_commands_total{type="boot",outcome="done"} 1');
      expect(metrics).toContain('veneerd_commands_total{type="boot",outcome="machine-exists"} 1');
      expect(metrics).toContain('route="/machines/:name"');
      expect(metrics).toContain('veneerd_connections 1');
      expect(metrics).toContain('veneerd_conflicts_total{outcome="retried"} 0');
    } finally {
      client.close();
    }
  });

  it('OPS-3: lets no client choose a label', async () => {
    await fetch(`${daemon.url}/nowhere-${'x'.repeat(50)}`);
    await fetch(`${daemon.url}/machines/chosen-by-me/view`);
    const metrics = await text(`${daemon.url}/metrics`);
    expect(metrics).not.toContain('nowhere-');
    expect(metrics).not.toContain('chosen-by-me');
  });
});

describe.skipIf(noRedisServer() !== undefined)('a daemon on Redis', () => {
  it('OPS-1: is not ready while the log takes no writes, says why, and is ready again', async () => {
    const server = await startRedis();
    const raw = new Redis(server.url);
    const stores = { redisUrl: server.url };
    const daemon = await startDaemon({ host: '127.0.0.1', port: 0, stores, demo: 'off', logLevel: 'silent' });
    const readiness = async (): Promise<number> => (await fetch(`${daemon.url}/readyz`)).status;
    try {
      expect(await readiness()).toBe(200);
      await raw.config('SET', 'maxmemory', '1');
      await expect.poll(readiness, { timeout: 20_000 }).toBe(503);
      expect(await (await fetch(`${daemon.url}/readyz`)).json()).toMatchObject({
        code: 'log-unavailable',
        message: expect.stringContaining('used memory'),
      });
      expect((await fetch(`${daemon.url}/healthz`)).status).toBe(200);
      expect(await text(`${daemon.url}/metrics`)).toContain('veneerd_store_up 0');
      await raw.config('SET', 'maxmemory', '0');
      await expect.poll(readiness, { timeout: 20_000 }).toBe(200);
    } finally {
      raw.disconnect();
      await daemon.close();
      await server.close();
    }
  });
});
