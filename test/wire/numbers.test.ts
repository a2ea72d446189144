/** Numbers of subscriptions: frames of the common ones are whole, those of others come in two pieces. Nobody sees a difference. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Client, connect } from '../../clients/sdk/node.ts';
import type { Daemon } from '../../daemon/daemon.ts';
import { type AnyFrame, openRaw, startMemoryDaemon } from '../gateway/daemon.ts';

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

const NUMBERS = [0, 1, 8, 9, 2 ** 32 - 1];

it('SUB-15: whatever number a subscription has, it gets the same commits, read and live', async () => {
  await client.boot('numbers');
  const machine = client.machine('numbers');
  await machine.command({ type: 'unload', module: 'none' });
  const raw = await openRaw(daemon.url);
  expect((await raw.next()).type).toBe('hello');
  const got = new Map<number, unknown[]>(NUMBERS.map((number) => [number, []]));
  const until = async (commits: number, live: boolean): Promise<void> => {
    const waiting = new Set(NUMBERS);
    while (waiting.size > 0) {
      const frame: AnyFrame = await raw.next();
      const number = frame.subscription as number;
      if (frame.type === 'commits') got.get(number)?.push(...(frame.commits as unknown[]));
      if (got.get(number)?.length === commits && frame.type === (live ? 'live' : 'commits')) waiting.delete(number);
    }
  };
  for (const subscription of NUMBERS) raw.send({ type: 'subscribe', subscription, machine: 'numbers', from: 'start' });
  await until(2, true);
  const { commit } = await machine.command({ type: 'bookmark', name: 'here' });
  await until(3, false);
  for (const number of NUMBERS) expect(got.get(number)).toEqual(got.get(1));
  expect(got.get(0)?.at(-1)).toEqual(commit);
  raw.socket.terminate();
});
