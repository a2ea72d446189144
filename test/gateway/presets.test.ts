import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Client, connect } from '../../clients/sdk/node.ts';
import type { Daemon } from '../../daemon/daemon.ts';
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

it('BOOT-9: every preset that is told boots, as the machine that it says it is', async () => {
  const presets = await client.presets();
  expect(presets.length).toBeGreaterThan(1);
  for (const { name, profile } of presets) {
    const { commit } = await client.boot(name, { preset: name });
    expect(commit.events).toMatchObject([{ type: 'MachineBooted', profile }]);
  }
});

it('BOOT-9: the first one is what a boot takes that names none', async () => {
  const [first] = await client.presets();
  const { commit } = await client.boot('unnamed');
  expect(commit.events).toMatchObject([{ type: 'MachineBooted', profile: first?.profile }]);
});
