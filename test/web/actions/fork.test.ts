import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Client, connect } from '../../../clients/sdk/node.ts';
import type { Daemon } from '../../../daemon/daemon.ts';
import { startMemoryDaemon } from '../../gateway/daemon.ts';

let daemon: Daemon;
let client: Client;

beforeAll(async () => {
  daemon = await startMemoryDaemon();
  client = connect(daemon.url);
});
afterAll(async () => {
  client.close();
  await daemon.close();
});

it('PAGE-69: a fork that is stopped while it tells how far it is leaves nothing', async () => {
  const key = { symbol: 'f', func: 'f', tramp: '0xffff800008100000', address: '0xffff800009000000' } as const;
  const profile = { staticCall: 'inline-defuse', staticCalls: { keys: { f: key } } } as const;
  await client.boot('long', { preset: 'arm64-6.1', profile });
  const long = client.machine('long');
  const turns = Array.from({ length: 100 }, (_, index) => (index % 2 === 0 ? 'g' : 'f'));
  for (let round = 0; round < 30; round++) {
    await Promise.all(turns.map((func) => long.command({ type: 'update', key: 'f', func })));
  }
  const changes = { profile: { staticCall: 'out-of-line' } } as const;
  const stopped = new Error('stopped');
  const stop = long.fork({ as: 'stopped', changes }, () => {
    throw stopped;
  });
  await expect(stop).rejects.toBe(stopped);
  // Forks take turns: when this one is done, that one is over.
  await long.fork({ as: 'whole', changes });
  const names = (await client.machines()).map(({ name }) => name);
  expect(names).toContain('whole');
  expect(names).not.toContain('stopped');
});
