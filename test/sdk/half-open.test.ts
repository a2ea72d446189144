/** Networks that go away without a word: no end of the connection comes, and nothing else does. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { connect } from '../../clients/sdk/node.ts';
import type { Client, FeedItem } from '../../clients/sdk/types.ts';
import type { Daemon } from '../../daemon/daemon.ts';
import { openRaw, startMemoryDaemon } from '../gateway/daemon.ts';
import { startProxy, type TcpProxy } from './proxy.ts';

const PING_MS = 200;
let daemon: Daemon;
let proxy: TcpProxy;
let direct: Client;
let client: Client;
beforeEach(async () => {
  daemon = await startMemoryDaemon(0, { limits: { pingMs: PING_MS } });
  proxy = await startProxy(daemon.url);
  direct = connect(daemon.url);
  client = connect(proxy.url);
  await direct.boot('m');
});
afterEach(async () => {
  direct.close();
  client.close();
  await proxy.close();
  await daemon.close();
});

const unload = (from: Client, module: string) => from.machine('m').command({ type: 'unload', module });

it('FRM-6: a beat is answered with a beat, and hello says when to ask for one', async () => {
  const raw = await openRaw(daemon.url);
  expect(await raw.next()).toMatchObject({
    type: 'hello',
    limits: { silenceMs: PING_MS },
    features: ['beat', 'commit-ids'],
  });
  raw.send({ type: 'beat' });
  expect(await raw.next()).toEqual({ type: 'beat' });
  raw.socket.terminate();
});

it('SUB-17: a feed notices a network that carries nothing any more, and goes on by another connection', async () => {
  const items: FeedItem[] = [];
  const subscription = client
    .machine('m')
    .commits()
    .observable.subscribe((item) => items.push(item));
  await expect.poll(() => items.at(-1)).toMatchObject({ kind: 'live', position: { commit: 1 } });
  proxy.silence();
  await unload(direct, 'one');
  await unload(direct, 'two');
  await expect.poll(() => items.at(-1), { timeout: 20_000 }).toMatchObject({ kind: 'live', position: { commit: 3 } });
  const commits = items.filter(({ kind }) => kind === 'commit').map(({ position }) => position.commit);
  expect(commits).toEqual([1, 2, 3]);
  subscription.unsubscribe();
});

it('SUB-17: a command whose answer the network swallowed is answered by another connection, and done once', async () => {
  await unload(client, 'one');
  proxy.silence();
  expect(await unload(client, 'two')).toMatchObject({ repeated: false, position: { commit: 3 } });
});

it('SUB-17: a connection on which nothing happens stays, as long as the daemon answers', async () => {
  const states: string[] = [];
  const feed = client.machine('m').commits().observable.subscribe();
  const watched = client.state.subscribe((state) => states.push(state));
  const raw = await openRaw(daemon.url);
  let pings = 0;
  raw.socket.on('ping', () => pings++);
  await expect.poll(() => pings, { timeout: 20_000 }).toBeGreaterThan(8);
  expect(states.slice(states.indexOf('open'))).toEqual(['open']);
  raw.socket.terminate();
  watched.unsubscribe();
  feed.unsubscribe();
});

it('SUB-17: a connection on which nobody says hello is given up for the next one', async () => {
  const patient = connect(proxy.url, { patience: 6_000 });
  proxy.mute(true);
  const done = unload(patient, 'one');
  await expect.poll(() => proxy.opened()).toBe(1);
  proxy.mute(false);
  expect(await done).toMatchObject({ position: { commit: 2 } });
  patient.close();
});
