import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, connect } from '../../clients/sdk/node.ts';
import { bytesOf, PART } from '../../daemon/headless/session/file.ts';
import { mergeSessions } from '../../daemon/headless/session/merge.ts';
import { readSession } from '../../daemon/headless/session/read.ts';
import { type DaemonProcess, runToEnd, startProcess } from '../e2e/daemon-process.ts';
import { freePort } from '../support/redis.ts';
import { made } from './make.ts';

const PATIENCE = 180_000;
const ROUNDS = 8;
const KEEP = 30;

describe('a daemon that trims', { timeout: PATIENCE }, () => {
  let folder: string;
  let archive: string;
  let running: DaemonProcess | undefined;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'veneerd-trim-'));
    archive = join(folder, 'archive');
  });
  afterAll(async () => {
    running?.child.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  });

  /** Sends commands until the daemon is gone; the ids that were answered. */
  async function load(client: Client, answered: string[], round: number): Promise<void> {
    for (let n = 0; ; n++) {
      const id = `r${round}-${n}`;
      try {
        await client.machine('m').command({ type: 'unload', module: 'none' }, { id });
      } catch {
        return;
      }
      answered.push(id);
    }
  }

  it('RET-7: kill -9 at any moment loses nothing of what was answered, and archives no commit as another', async () => {
    const port = String(await freePort());
    const args = [
      '--data',
      join(folder, 'data'),
      '--port',
      port,
      '--retain-commits',
      String(KEEP),
      '--archive',
      archive,
    ];
    const answered: string[] = ['boot'];
    for (let round = 0; round < ROUNDS; round++) {
      running = await startProcess(args);
      const client = connect(running.url, { patience: 500 });
      if (round === 0) await client.boot('m', {}, { id: 'boot' });
      const loading = Promise.all([load(client, answered, round), load(client, answered, round + 100)]);
      await sleep((round * 137) % 700);
      await running.end('SIGKILL');
      client.close();
      await loading;
    }

    running = await startProcess(args);
    const client = connect(running.url);
    const machine = client.machine('m');
    // The first pass of a daemon that starts trims what the last ones have left.
    await expect.poll(async () => (await headerOf(machine)).from ?? 1, { timeout: 60_000 }).toBeGreaterThan(1);
    const rest = join(folder, 'rest.veneer.jsonl');
    const pieces: Uint8Array[] = [];
    for await (const piece of await machine.exportSession()) pieces.push(piece);
    await writeFile(rest, Buffer.concat(pieces));
    const { position } = await machine.summary();
    client.close();
    expect(await running.end('SIGTERM')).toBe(0);

    const segments = (await readdir(archive)).filter((name) => !name.endsWith(PART)).map((name) => join(archive, name));
    const whole = join(folder, 'whole.veneer.jsonl');
    const merged = await made(whole, (out) => mergeSessions([...segments, rest], out));
    expect(merged).toMatchObject({ from: 1, to: position.commit });
    const ids: string[] = [];
    for await (const item of readSession(bytesOf(whole))) if (item.kind === 'commit') ids.push(item.commit.id);
    expect(new Set(ids).size).toBe(ids.length);
    const known = new Set(ids);
    expect(answered.filter((id) => !known.has(id))).toEqual([]);
  });

  it('RET-5: trims only where somebody says what becomes of the commits', async () => {
    const cases: readonly (readonly [readonly string[], RegExp])[] = [
      [['--retain-commits', '10'], /say with --archive where the commits go, or --archive none/],
      [['--archive', archive], /say with --retain-commits how much stays/],
      [['--retain-commits', '0', '--archive', 'none'], /expected a number of commits, from 1/],
    ];
    for (const [args, words] of cases) {
      const { code, err } = await runToEnd(['--port', '0', '--data', join(folder, 'unused'), ...args]);
      expect(code).toBe(1);
      expect(err).toMatch(words);
    }
    await writeFile(join(folder, 'file'), '');
    const noFolder = await runToEnd([
      ...['--port', '0', '--data', join(folder, 'unused')],
      ...['--retain-commits', '10', '--archive', join(folder, 'file', 'x')],
    ]);
    expect(noFolder.code).toBe(1);
    expect(noFolder.err).toMatch(/ENOTDIR/);
  });
});

async function headerOf(machine: ReturnType<Client['machine']>): Promise<{ readonly from?: number }> {
  for await (const item of readSession(await machine.exportSession())) if (item.kind === 'header') return item.header;
  return {};
}
