import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Client, connect } from '../../../clients/sdk/node.ts';
import { machineFor, type Shipped } from '../../../clients/web/tour/machine-for.ts';
import { STOPS } from '../../../clients/web/tour/stops.ts';
import type { Daemon } from '../../../daemon/daemon.ts';
import { startMemoryDaemon } from '../../gateway/daemon.ts';

const shipped: Shipped = {
  session: (name) => readFile(new URL(`../../../sessions/${name}`, import.meta.url)),
  module: (name) => readFile(new URL(`../../../sessions/modules/${name}`, import.meta.url)),
};

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

it('PAGE-80: who goes on and back while a session is brought gets the one machine', async () => {
  const [first, second] = STOPS;
  if (first === undefined || second === undefined) throw new Error('the tour has no stops');
  const names = await Promise.all([first, second, first, second].map((stop) => machineFor(client, stop, shipped)));
  expect(names).toEqual([first.machine, second.machine, first.machine, second.machine]);
  expect((await client.machines()).map(({ name }) => name).sort()).toEqual([first.machine, second.machine].sort());
});
