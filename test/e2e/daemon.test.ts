import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { connect, type MachineHandle } from '../../clients/sdk/node.ts';
import type { Commit } from '../../protocol/commit.ts';
import { fixture } from '../fixtures/fixtures.ts';
import { openRaw } from '../gateway/daemon.ts';
import { freePort, noRedisServer, type RedisServer, startRedis } from '../support/redis.ts';
import { type DaemonProcess, runToEnd, startProcess } from './daemon-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'veneerd-e2e-'));
let running: DaemonProcess[] = [];
const start = async (args: readonly string[]): Promise<DaemonProcess> => {
  const daemon = await startProcess(args);
  running.push(daemon);
  return daemon;
};
afterEach(() => {
  for (const { child } of running) child.kill('SIGKILL');
  running = [];
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function logOf(machine: MachineHandle): Promise<readonly Commit[]> {
  const commits: Commit[] = [];
  for await (const item of machine.commits()) {
    if (item.kind === 'live') break;
    commits.push(item.commit);
  }
  return commits;
}

function lives(store: () => readonly string[]): void {
  it('RUN-1, CMD-2: a machine with real modules is watched, killed, started again, and everything is there', async () => {
    const port = String(await freePort());
    const args = [...store(), '--port', port];
    let daemon = await start(args);
    const client = connect(daemon.url);
    const machine = client.machine('e2e');
    await client.boot('e2e');
    const watched: number[] = [];
    const watching = (async () => {
      for await (const item of machine.commits()) {
        if (item.kind === 'commit') watched.push(item.position.commit);
        if (item.position.commit === 5) return;
      }
    })();
    const files = ['chain-a.ko', 'chain-b.ko', 'chain-c.ko'];
    const shas: string[] = [];
    for (const file of files) {
      const { sha256 } = await client.upload(fixture(file), file);
      shas.push(sha256);
      await machine.command({ type: 'load', blob: sha256, file }, { id: `load-${file}` });
    }
    const before = await logOf(machine);
    const view = await machine.view();
    expect(before).toHaveLength(4);
    expect(view.view.modules.length).toBeGreaterThan(0);

    expect(await daemon.end('SIGKILL')).toBe('SIGKILL');
    daemon = await start(args);
    expect(await logOf(machine)).toEqual(before);
    expect(await machine.view()).toEqual(view);
    const again = await machine.command(
      { type: 'load', blob: shas[0] ?? '', file: 'chain-a.ko' },
      { id: 'load-chain-a.ko' },
    );
    expect(again).toMatchObject({ repeated: true, position: { commit: 2 } });
    const unload = await machine.command({ type: 'unload', module: 'nothing' });
    expect(unload.position.commit).toBe(5);
    await watching;
    expect(watched).toEqual([1, 2, 3, 4, 5]);
    client.close();
    expect(await daemon.end('SIGTERM')).toBe(0);
  }, 60_000);

  it('RUN-1: kill -9 under load loses nothing that was answered', async () => {
    const port = String(await freePort());
    const args = [...store(), '--port', port];
    let daemon = await start(args);
    const client = connect(daemon.url);
    const machine = client.machine('load');
    await client.boot('load');
    const answered = new Map<string, number>();
    const sending = Promise.all(
      Array.from({ length: 4 }, async (_, lane) => {
        for (let n = 0; n < 100; n++) {
          const id = `${lane}-${n}`;
          let done = false;
          while (!done) {
            try {
              const { position } = await machine.command({ type: 'unload', module: 'none' }, { id });
              answered.set(id, position.commit);
              done = true;
            } catch (error) {
              if (!(error as { temporary?: boolean }).temporary) throw error;
            }
          }
        }
      }),
    );
    for (let round = 0; round < 2; round++) {
      const seen = answered.size;
      await expect
        .poll(() => answered.size, { timeout: 20_000, interval: 5 })
        .toBeGreaterThan(Math.min(seen + 40, 399));
      await daemon.end('SIGKILL');
      daemon = await start(args);
    }
    await sending;
    const log = await logOf(machine);
    expect(log).toHaveLength(401);
    expect(new Map(log.slice(1).map((commit) => [commit.id, commit.number]))).toEqual(answered);
    client.close();
  }, 90_000);

  it('RUN-2: SIGTERM closes sockets with 4000 and ends with 0', async () => {
    const daemon = await start([...store()]);
    const raw = await openRaw(daemon.url);
    await raw.next();
    expect(await daemon.end('SIGTERM')).toBe(0);
    expect(await raw.closed).toBe(4000);
  }, 30_000);
}

describe('on the embedded store', () => {
  let n = 0;
  lives(() => ['--data', join(folder, `data-${n++}`)]);

  it('RUN-3: a port in use and a locked folder are one line each', async () => {
    const data = join(folder, 'locked');
    const daemon = await start(['--data', data]);
    const { port } = new URL(daemon.url);
    const busy = await runToEnd(['--data', join(folder, 'free'), '--port', port]);
    expect([busy.code, busy.err]).toEqual([1, expect.stringMatching(/^veneerd: port \d+ .*in use.*\n$/)]);
    const locked = await runToEnd(['--data', data, '--port', '0']);
    expect([locked.code, locked.err]).toEqual([1, expect.stringMatching(/^veneerd: [^\n]*locked[^\n]*\n$/)]);
    const noRedis = await runToEnd(['--redis', 'redis://127.0.0.1:9', '--port', '0']);
    expect([noRedis.code, noRedis.err]).toEqual([1, expect.stringMatching(/^veneerd: [^\n]*127\.0\.0\.1:9[^\n]*\n$/)]);
    const wrong = await runToEnd(['--port', 'http']);
    expect([wrong.code, wrong.err]).toEqual([1, expect.stringContaining('0 to 65535')]);
  }, 60_000);
});

const missing = noRedisServer();
if (missing !== undefined) process.stderr.write(`${missing}\n`);

describe.skipIf(missing !== undefined)('on Redis', () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis({ appendonly: 'yes', appendfsync: 'always' });
  });
  afterAll(() => redis.close());
  lives(() => ['--redis', redis.url]);

  it('SUB-9: two daemons on one Redis show the same commits in the same order', async () => {
    const [a, b] = [await start(['--redis', redis.url]), await start(['--redis', redis.url])];
    const [ca, cb] = [connect(a.url), connect(b.url)];
    await ca.boot('shared');
    const reads = [ca, cb].map(async (client) => {
      const ids: string[] = [];
      for await (const item of client.machine('shared').commits()) {
        if (item.kind === 'commit') ids.push(item.commit.id);
        if (item.position.commit === 41) break;
      }
      return ids;
    });
    const write = async (client: typeof ca, tag: string): Promise<void> => {
      for (let n = 0; n < 20; n++) {
        const id = `${tag}${n}`;
        for (let done = false; !done; ) {
          done = await client
            .machine('shared')
            .command({ type: 'unload', module: 'none' }, { id })
            .then(
              () => true,
              (error: { temporary: boolean }) => !error.temporary,
            );
        }
      }
    };
    await Promise.all([write(ca, 'a'), write(cb, 'b')]);
    const [left, right] = await Promise.all(reads);
    expect(left).toHaveLength(41);
    expect(right).toEqual(left);
    ca.close();
    cb.close();
  }, 60_000);
});
