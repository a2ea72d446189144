/**
 * Clients of the SDK with random filters, replays and views, while connections are cut, slowed and swallowed, the daemon and
 * Redis are killed and started again, and writers go on. What each was told is held against the log.
 * CHECKER_SEED repeats a run as far as its choices go.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { type Client, connect } from '../../clients/sdk/node.ts';
import type { Command } from '../../protocol/commands.ts';
import type { Commit } from '../../protocol/commit.ts';
import { type Filter, matcher } from '../../protocol/filter.ts';
import { viewDigest, viewFromJson } from '../../protocol/view/json.ts';
import { type DaemonProcess, startProcess } from '../e2e/daemon-process.ts';
import { createRandom } from '../fuzz/mutate.ts';
import { manifestBytes } from '../gateway/daemon.ts';
import { startProxy, type TcpProxy } from '../sdk/proxy.ts';
import { freePort, noRedisServer, type RedisServer, startRedis } from '../support/redis.ts';
import { filteredCommits, foldedLive, persist, replayed } from './watchers.ts';

const SEED = Number(process.env.CHECKER_SEED ?? 20260101);
const WRITERS = 2;
const COMMANDS = 300;
const MODULES = ['one', 'two', 'three', 'four'];
const KINDS = [
  'ModuleLive',
  'ModuleLaidOut',
  'MemoryAllocated',
  'MemoryFreed',
  'BookmarkSet',
  'ModuleLoadFailed',
] as const;
const ACTS = ['cut', 'delay', 'term', 'cut all', 'swallow', 'redis', 'cut', 'kill', 'redis', 'cut all'] as const;

const missing = noRedisServer();

describe.skipIf(missing !== undefined)(`the checker${missing === undefined ? '' : `, ${missing}`}`, () => {
  let redis: RedisServer | undefined;
  let daemon: DaemonProcess | undefined;
  let clients: Client[] = [];
  let proxies: TcpProxy[] = [];
  afterEach(async () => {
    for (const client of clients) client.close();
    for (const proxy of proxies) await proxy.close();
    await daemon?.end('SIGKILL');
    await redis?.close();
    [clients, proxies] = [[], []];
  });

  it('SUB-1, SUB-10, SUB-12, SUB-13, PLAY-1: whatever breaks, what each watcher was told is what the log holds', {
    timeout: 180_000,
  }, async () => {
    const random = createRandom(SEED);
    const below = (limit: number): number => Math.floor(random() * limit);
    const some = <T>(from: readonly T[]): T => from[below(from.length)] as T;

    const server = await startRedis({ appendonly: 'yes', appendfsync: 'always' });
    redis = server;
    const port = await freePort();
    const start = (): Promise<DaemonProcess> => startProcess(['--port', String(port), '--redis', server.url]);
    daemon = await start();
    const { url } = daemon;
    const shaky = async (): Promise<Client> => {
      const proxy = await startProxy(url);
      const client = connect(proxy.url);
      proxies.push(proxy);
      clients.push(client);
      return client;
    };
    const steady = connect(url);
    clients.push(steady);
    const machine = steady.machine('checked');
    const { epoch } = (await steady.boot('checked')).position;
    const blobs: string[] = [];
    for (const name of MODULES) blobs.push((await steady.upload(manifestBytes(name), `${name}.json`)).sha256);

    let answered = 0;
    let end = Number.POSITIVE_INFINITY;
    const ended = ({ commit }: { commit: number }): boolean => commit >= end;
    const anyFilter = (): Filter => {
      const kinds = KINDS.filter(() => below(2) === 0);
      const modules = MODULES.filter(() => below(2) === 0);
      return { ...(kinds.length > 0 && { kinds }), ...(modules.length > 0 && { modules }) };
    };
    const anyCommand = (n: number): Exclude<Command, { type: 'boot' }> => {
      const which = below(5);
      if (which < 2) return { type: 'load', blob: some(blobs) };
      return which < 4 ? { type: 'unload', module: some(MODULES) } : { type: 'bookmark', name: `b${n % 7}` };
    };

    const folded = await Promise.all(
      (['start', 'now', { epoch, commit: 1 }] as const).map(async (from) => ({
        points: foldedLive((await shaky()).machine('checked'), from, ended),
      })),
    );
    const filtered = await Promise.all(
      Array.from({ length: 3 }, async () => {
        const filter = anyFilter();
        return { filter, commits: filteredCommits((await shaky()).machine('checked'), filter, ended) };
      }),
    );
    const films: { readonly from: number; readonly to: number; readonly filter: Filter; readonly commits: Commit[] }[] =
      [];
    const player = (await shaky()).machine('checked');
    const playing = (async () => {
      while (end === Number.POSITIVE_INFINITY) {
        const head = (await persist(() => machine.summary())).position.commit;
        const from = below(head);
        const to = from + 1 + below(head - from);
        const filter = below(2) === 0 ? {} : anyFilter();
        const pace = some(['instant', 'instant', 'x50']);
        films.push({
          from,
          to,
          filter,
          commits: await replayed(player, { epoch, commit: from }, to, { pace, filter }),
        });
      }
    })();
    const watchers = [...proxies];
    const writing = Promise.all(
      Array.from({ length: WRITERS }, async (_, w) => {
        const writer = (await shaky()).machine('checked');
        for (let n = 0; n < COMMANDS / WRITERS; n++) {
          const command = anyCommand(n);
          await persist(() => writer.command(command, { id: `w${w}-${n}` }));
          answered++;
        }
      }),
    );
    const told = [...folded.map(({ points }) => points), ...filtered.map(({ commits }) => commits), playing, writing];
    const failed = Promise.all<unknown>(told);
    failed.catch(() => undefined);
    const progress = async (to: number): Promise<void> => {
      await Promise.race([failed, expect.poll(() => answered, { timeout: 60_000 }).toBeGreaterThanOrEqual(to)]);
    };

    for (const [n, act] of ACTS.entries()) {
      await progress(((n + 1) * COMMANDS) / (ACTS.length + 1));
      const proxy = some(watchers);
      if (act === 'cut') some(proxies).cut();
      else if (act === 'cut all') for (const each of proxies) each.cut();
      else if (act === 'delay') proxy.delay(2);
      else if (act === 'swallow') {
        proxy.swallow(true);
        await progress(answered + 5);
        proxy.swallow(false);
      } else if (act === 'redis') {
        await server.kill();
        await server.start();
      } else {
        await daemon.end(act === 'term' ? 'SIGTERM' : 'SIGKILL');
        daemon = await start();
      }
    }
    await writing;
    end = (await persist(() => machine.command({ type: 'bookmark', name: 'end' }, { id: 'end' }))).position.commit;
    // Who stands at the head hears of it once more when it comes back.
    for (const proxy of proxies) {
      proxy.delay(0);
      proxy.cut();
    }
    await failed;

    const log: Commit[] = [];
    for await (const item of machine.commits()) {
      if (item.kind === 'live') break;
      log.push(item.commit);
    }
    expect(log.map(({ number }) => number)).toEqual(Array.from({ length: COMMANDS + 2 }, (_, n) => n + 1));
    expect(new Set(log.map(({ id }) => id)).size).toBe(COMMANDS + 2);

    let points = 0;
    for (const each of folded) {
      for (const [commit, digest] of await each.points) {
        const { view } = await machine.view({ at: commit });
        expect([commit, digest]).toEqual([commit, viewDigest(viewFromJson(view))]);
        points++;
      }
    }
    const passing = (filter: Filter): Commit[] => {
      const matches = matcher(filter);
      return log
        .map((commit) => ({ ...commit, events: commit.events.filter(matches) }))
        .filter(({ events }) => events.length > 0);
    };
    for (const { filter, commits } of filtered) expect(await commits).toEqual(passing(filter));
    for (const { from, to, filter, commits } of films) {
      expect(commits).toEqual(passing(filter).filter(({ number }) => number > from && number <= to));
    }
    console.log(`checker: CHECKER_SEED=${SEED}, ${points} live points, ${films.length} replays`);
    // They came back at least as often as all were cut.
    expect(points).toBeGreaterThan(2 * folded.length);
    expect(films.length).toBeGreaterThan(0);
  });
});
