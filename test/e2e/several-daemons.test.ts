import { afterEach, describe, expect, it } from 'vitest';
import { type Client, connect } from '../../clients/sdk/node.ts';
import { noRedisServer, startRedis } from '../support/redis.ts';
import { startCluster } from '../support/redis-cluster.ts';
import { type DaemonProcess, startProcess } from './daemon-process.ts';

const LANES = 3;
const COMMANDS = 40;
/** Of each lane, before one daemon is killed; others take its lanes over. */
const BEFORE = 15;

const missing = noRedisServer();

for (const [store, open] of [
  ['one Redis', () => startRedis({ appendonly: 'yes', appendfsync: 'everysec' })],
  ['a Redis cluster', () => startCluster()],
] as const) {
  describe.skipIf(missing !== undefined)(
    `several daemons on ${store}${missing === undefined ? '' : `, ${missing}`}`,
    () => {
      let running: { child: { kill(signal: 'SIGKILL'): boolean } }[] = [];
      let clients: Client[] = [];
      let redis: Awaited<ReturnType<typeof open>> | undefined;
      afterEach(async () => {
        for (const client of clients) client.close();
        for (const { child } of running) child.kill('SIGKILL');
        [running, clients] = [[], []];
        await redis?.close();
      });

      const start = async (): Promise<{ readonly daemon: DaemonProcess; readonly client: Client }> => {
        const daemon = await startProcess(['--redis', redis?.url ?? '']);
        const client = connect(daemon.url);
        running.push(daemon);
        clients.push(client);
        return { daemon, client };
      };

      /** The ids of a machine's commits in the order in which a daemon shows them, as far as they come. */
      function watch(client: Client, until: number): { readonly ids: string[]; readonly done: Promise<void> } {
        const ids: string[] = [];
        const done = (async () => {
          for await (const item of client.machine('shared').commits()) {
            if (item.kind === 'commit') ids.push(item.commit.id);
            if (item.position.commit === until) return;
          }
        })();
        return { ids, done };
      }

      it('CMD-5, SUB-9: all take commands for one machine at once, one is killed, one joins: one order everywhere', {
        timeout: 120_000,
      }, async () => {
        redis = await open();
        const three = await Promise.all([start(), start(), start()]);
        const [a, , c] = three;
        if (a === undefined || c === undefined) throw new Error('three were started');
        await a.client.boot('shared');
        const total = 1 + three.length * LANES * COMMANDS;
        const watchers = three.map(({ client }) => watch(client, total));
        watchers[2]?.done.catch(() => undefined);

        const answered = new Map<string, number>();
        /** Where the lanes of each daemon send their commands now. */
        const targets = three.map(({ client }) => client);
        const lane = async (at: number, tag: string): Promise<void> => {
          for (let n = 0; n < COMMANDS; n++) {
            const id = `${tag}-${n}`;
            while (!answered.has(id)) {
              const client = targets[at] as Client;
              try {
                const { position } = await client.machine('shared').command({ type: 'unload', module: 'none' }, { id });
                answered.set(id, position.commit);
              } catch (error) {
                if (!(error as { temporary: boolean }).temporary && client === targets[at]) throw error;
              }
            }
          }
        };
        const lanes = Promise.all(
          three.flatMap((_, at) => Array.from({ length: LANES }, (_, n) => lane(at, `${at}-${n}`))),
        );

        await expect
          .poll(() => answered.size, { timeout: 60_000, interval: 5 })
          .toBeGreaterThan(three.length * LANES * BEFORE);
        await c.daemon.end('SIGKILL');
        targets[2] = a.client;
        c.client.close();
        const late = await start();
        targets[2] = late.client;
        const joined = watch(late.client, total);

        await lanes;
        await Promise.all([watchers[0]?.done, watchers[1]?.done, joined.done]);
        const order = joined.ids;
        expect(order).toHaveLength(total);
        expect(new Set(order).size).toBe(total);
        expect(watchers[0]?.ids).toEqual(order);
        expect(watchers[1]?.ids).toEqual(order);
        const seenByKilled = watchers[2]?.ids ?? [];
        expect(seenByKilled).toEqual(order.slice(0, seenByKilled.length));
        for (const [id, number] of answered) expect([id, order[number - 1]]).toEqual([id, id]);
      });
    },
  );
}
