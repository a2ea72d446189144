/** A client that comes back to a log which lost its newest commits: what it has is not what the machine has any more. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import { connect } from '../../clients/sdk/node.ts';
import type { Client, FeedItem } from '../../clients/sdk/types.ts';
import { type Daemon, startDaemon } from '../../daemon/daemon.ts';
import type { From } from '../../protocol/frames.ts';
import { type AnyFrame, openRaw } from '../gateway/daemon.ts';
import { noRedisServer, type RedisServer, startRedis } from '../support/redis.ts';
import { startProxy, type TcpProxy } from './proxy.ts';

const missing = noRedisServer();

describe.skipIf(missing !== undefined)(`a client and a log that lost its end${missing ? `, ${missing}` : ''}`, () => {
  let redis: RedisServer;
  let daemon: Daemon;
  let proxy: TcpProxy;
  let direct: Client;
  let client: Client;
  beforeEach(async () => {
    redis = await startRedis();
    const stores = { redisUrl: redis.url };
    daemon = await startDaemon({ host: '127.0.0.1', port: 0, stores, demo: 'off', logLevel: 'silent' });
    proxy = await startProxy(daemon.url);
    direct = connect(daemon.url);
    client = connect(proxy.url);
    await direct.boot('m');
    await unload('kept');
    await redis.ask('SAVE');
  });
  afterEach(async () => {
    direct.close();
    client.close();
    await proxy.close();
    await daemon.close();
    await redis.close();
  });

  const unload = (id: string) => direct.machine('m').command({ type: 'unload', module: 'none' }, { id });

  /** Back to commit 2, as a crash without an append-only file leaves it; then others take the places of what was lost. */
  async function lose(...others: readonly string[]): Promise<void> {
    await redis.kill();
    await redis.start();
    await expect
      .poll(
        () =>
          direct
            .machine('m')
            .summary()
            .catch(() => undefined),
        { timeout: 20_000 },
      )
      .toMatchObject({ position: { commit: 2 } });
    for (const id of others) await unload(id);
  }

  it.each(['observable', 'iterator'] as const)(
    'SUB-18: a feed (%s) that was given a lost commit is told so when it comes back, and given nothing of another history',
    async (kind) => {
      const ids: string[] = [];
      const take = (item: FeedItem): unknown => item.kind === 'commit' && ids.push(item.commit.id);
      const feed = client.machine('m').commits();
      const iterated = async (): Promise<void> => {
        for await (const item of feed) take(item);
      };
      const pushed = (): Promise<void> =>
        new Promise((complete, error) => feed.observable.subscribe({ next: take, complete, error }));
      const ended = (kind === 'iterator' ? iterated() : pushed()).catch((error: unknown) => error);
      await unload('lost');
      await expect.poll(() => ids.at(-1)).toBe('lost');
      proxy.refuse(true);
      proxy.cut();
      await lose('other', 'next');
      proxy.refuse(false);
      expect(await ended).toMatchObject({ code: 'position-ahead', temporary: false });
      expect(ids.slice(1)).toEqual(['kept', 'lost']);
    },
  );

  it('SUB-18: a position with the id of its commit is refused before anything else is said; without one, or with the right one, it is served', async () => {
    const { position } = await unload('lost');
    await lose('other', 'next');
    const raw = await openRaw(daemon.url);
    await raw.next();
    let subscription = 0;
    const answer = (from: From, more: object): Promise<AnyFrame> => {
      raw.send({ type: 'subscribe', subscription: ++subscription, machine: 'm', from, ...more });
      return raw.next();
    };
    const refused = {
      type: 'end',
      error: { code: 'position-ahead', message: expect.stringContaining('lost commit 3') },
    };
    for (const more of [{}, { view: true }, { type: 'replay', pace: 'instant' }]) {
      expect(await answer({ ...position, id: 'lost' }, more)).toMatchObject(refused);
    }
    expect(await answer({ ...position, id: 'other' }, {})).toMatchObject({ type: 'subscribed', position });
    expect(await raw.next()).toMatchObject({ type: 'commits', commits: [{ number: 4, id: 'next' }] });
    expect((await raw.next()).type).toBe('live');
    expect(await answer(position, {})).toMatchObject({ type: 'subscribed', position });
    raw.socket.terminate();
  });
});

it('SUB-18: a daemon that does not name the feature is sent no ids', async () => {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  const asked: unknown[] = [];
  server.on('connection', (socket) => {
    socket.send(JSON.stringify({ type: 'hello', protocol: 'veneerd.v1', version: '0', limits: {} }));
    socket.on('message', (data) => asked.push(JSON.parse(String(data))));
  });
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const from = { epoch: 'abcdefgh', commit: 3, id: 'third' };
  const feed = client.machine('m').commits({ from }).observable.subscribe();
  await expect.poll(() => asked).toEqual([expect.objectContaining({ from: { epoch: 'abcdefgh', commit: 3 } })]);
  feed.unsubscribe();
  client.close();
  server.close();
});
