import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Client, connect } from '../../clients/sdk/node.ts';
import type { Daemon } from '../../daemon/daemon.ts';
import { SNAPSHOT_LEAST } from '../../daemon/limits.ts';
import type { SnapshotVerdict } from '../../protocol/snapshots.ts';
import { startMemoryDaemon } from './daemon.ts';

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

it('SNAP-11: snapshots are listed, and verified one by one as they are found', async () => {
  // A kernel with as many symbols as make a snapshot due at once.
  const symbols = Object.fromEntries(
    Array.from({ length: SNAPSHOT_LEAST / 16 }, (_, i) => [
      `symbol_${i}`,
      `0xffff800008${i.toString(16).padStart(6, '0')}`,
    ]),
  ) as Record<string, `0x${string}`>;
  await client.boot('big', { preset: 'arm64-6.1', profile: { symbols } });
  const big = client.machine('big');
  const { position } = await big.summary();
  await expect.poll(async () => (await big.snapshots()).snapshots, { timeout: 30_000 }).toEqual([1]);
  expect(await big.snapshots()).toEqual({ position, first: 1, snapshots: [1] });
  const verdicts: SnapshotVerdict[] = [];
  for await (const verdict of big.verifySnapshots()) verdicts.push(verdict);
  expect(verdicts).toEqual([{ commit: 1, bytes: expect.any(Number), result: 'same' }]);
});

it('SNAP-11: of a machine without any, and of none', async () => {
  await client.boot('small');
  expect(await client.machine('small').snapshots()).toMatchObject({ first: 1, snapshots: [] });
  const verdicts: SnapshotVerdict[] = [];
  for await (const verdict of client.machine('small').verifySnapshots()) verdicts.push(verdict);
  expect(verdicts).toEqual([]);
  await expect(client.machine('none').snapshots()).rejects.toMatchObject({ code: 'no-such-machine' });
  await expect(client.machine('none').verifySnapshots()[Symbol.asyncIterator]().next()).rejects.toMatchObject({
    code: 'no-such-machine',
  });
});
