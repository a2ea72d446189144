import { once } from 'node:events';
import { mkdtemp, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { connect as connectTcp, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, connect } from '../../clients/sdk/node.ts';
import { type Daemon, startDaemon } from '../../daemon/daemon.ts';
import { start } from '../e2e/cli-process.ts';
import { type DaemonProcess, startProcess } from '../e2e/daemon-process.ts';
import { startMemoryDaemon } from '../gateway/daemon.ts';
import { commitsOf, longSession, readText, sessionText, writeText } from '../sessions/make.ts';
import { freePort } from '../support/redis.ts';

const PATIENCE = 120_000;
const commits = commitsOf(30);
const whole = sessionText(commits);

describe('recording and replaying over connections that break', { timeout: PATIENCE }, () => {
  let folder: string;
  let daemon: Daemon;
  let client: Client;
  const veneer = (url: string, ...args: readonly string[]) => start(args, { VENEERD_URL: url }, folder);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'veneerd-record-'));
    daemon = await startMemoryDaemon();
    client = connect(daemon.url);
  }, PATIENCE);
  afterAll(async () => {
    client.close();
    await daemon.close();
    await rm(folder, { recursive: true, force: true });
  });

  const grow = async (name: string, more: number): Promise<void> => {
    for (let n = 0; n < more; n++) await client.machine(name).command({ type: 'unload', module: 'none' });
  };

  it('SES-9: a recording that was killed goes on where it stopped, plain and gzip', async () => {
    for (const end of ['.veneer.jsonl', '.veneer.jsonl.gz']) {
      const name = `killed-${end.length}`;
      await client.boot(name);
      await grow(name, 20);
      const file = join(folder, `killed${end}`);
      const first = veneer(daemon.url, 'record', file, '-m', name);
      await first.until(/recording/);
      await expect.poll(async () => (await stat(file)).size, { timeout: 30_000 }).toBeGreaterThan(1000);
      first.child.kill('SIGKILL');
      await first.done;
      await writeFile(file, (await readFile(file)).subarray(0, -1));
      await grow(name, 5);
      const resumed = await veneer(daemon.url, 'record', file, '-m', name, '--resume', '--until-live', '--json').done;
      const { position } = await client.machine(name).summary();
      expect(resumed.err).toBe('');
      expect(JSON.parse(resumed.out)).toMatchObject({ commits: position.commit });
      const again = await veneer(daemon.url, 'replay', file, '--into', `${name}-again`, '--json').done;
      expect(JSON.parse(again.out)).toMatchObject({ equal: true, position: { commit: position.commit } });
    }
  });

  it('SES-9: a recording goes on only with the machine that it is of', async () => {
    await client.boot('other');
    const file = await writeText(join(folder, 'foreign.veneer.jsonl'), whole);
    const run = await veneer(daemon.url, 'record', file, '-m', 'other', '--resume').done;
    expect(run.code).toBe(2);
    expect(run.err).toMatch(/was recorded from lab at epoch0000001, other is at/);
    expect(await readText(file)).toBe(whole);
  });

  it('SES-9: a connection that is cut while a session is sent makes it sent again', async () => {
    const proxy = await cuttingProxy(daemon.url, 5 << 20);
    const file = join(folder, 'large.veneer.jsonl');
    await pipeline(Readable.from(longSession(20_000, 1024)), (await open(file, 'w')).createWriteStream());
    const { code, out, err } = await veneer(proxy.url, 'replay', file, '--into', 'cut', '--json').done;
    expect({ code, err }).toEqual({ code: 0, err: expect.stringMatching(/sending .*large.veneer.jsonl again\n$/) });
    expect(JSON.parse(out)).toMatchObject({ machine: 'cut', equal: true, position: { commit: 20_000 } });
    expect((await client.machines()).map(({ name }) => name)).toContain('cut');
    proxy.close();
  });

  it('SES-9: a replay that was stopped goes on with --resume, and only where it is a beginning of the file', async () => {
    const file = await writeText(join(folder, 'slow.veneer.jsonl'), whole);
    const slow = veneer(daemon.url, 'replay', file, '--into', 'slow', '--speed', 'x2');
    await expect
      .poll(async () => (await client.machines()).some(({ name }) => name === 'slow'), { timeout: 30_000 })
      .toBe(true);
    slow.child.kill('SIGINT');
    const stopped = await slow.done;
    expect(stopped.code).toBe(1);
    expect(stopped.err).toMatch(/holds \d+ commits? of 30; go on with --resume/);
    const resumed = await veneer(daemon.url, 'replay', file, '--into', 'slow', '--resume', '--json').done;
    expect(JSON.parse(resumed.out)).toMatchObject({ equal: true, position: { commit: 30 } });
    await client.boot('alien');
    const refused = await veneer(daemon.url, 'replay', file, '--into', 'alien', '--resume').done;
    expect(refused.code).toBe(1);
    expect(refused.err).toMatch(/alien is no beginning of/);
  });

  it('SES-11: what is wrong with a large file is told with its line, though the daemon stops reading', async () => {
    const file = join(folder, 'wrong.veneer.jsonl');
    const text = [...longSession(20_000, 1024)].join('');
    await writeFile(file, text.replace('"number":5,', '"number":6,'));
    const run = await veneer(daemon.url, 'replay', file, '--into', 'wrong').done;
    expect(run.code).toBe(2);
    expect(run.err).toMatch(/wrong\.veneer\.jsonl:6: expected commit 5, found commit 6\n$/);
    expect((await client.machines()).map(({ name }) => name)).not.toContain('wrong');
  });
});

describe('a machine that was trimmed', { timeout: PATIENCE }, () => {
  it('RET-2, SES-15: its recording is a segment, which goes on, and joins with the archive to the whole history', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'veneerd-trimmed-'));
    const archive = join(folder, 'archive');
    const base = { host: '127.0.0.1', port: 0, demo: 'off', logLevel: 'silent' } as const;
    const data = { dataDir: join(folder, 'data') };
    let daemon = await startDaemon({ ...base, stores: data });
    try {
      await importWhole(daemon.url, 'lab');
      await daemon.close();
      daemon = await startDaemon({ ...base, stores: data, retention: { commits: 8, archive } });
      const client = connect(daemon.url);
      const veneer = (...args: readonly string[]) => start(args, { VENEERD_URL: daemon.url }, folder).done;
      await expect.poll(async () => (await readdir(archive)).length, { timeout: 30_000 }).toBe(1);
      const rest = join(folder, 'rest.veneer.jsonl');
      await expect
        .poll(
          async () => {
            const { code } = await veneer('record', rest, '--until-live', '--force');
            return code === 0 ? (await readText(rest)).includes('"from":23') : code;
          },
          { timeout: 60_000 },
        )
        .toBe(true);
      await client.machine('lab').command({ type: 'unload', module: 'none' });
      client.close();
      expect(await veneer('record', rest, '--until-live', '--resume')).toMatchObject({ code: 0, err: '' });
      const joined = join(folder, 'joined.veneer.jsonl');
      const segments = (await readdir(archive)).map((name) => join(archive, name));
      expect(await veneer('session', 'merge', rest, ...segments, '-o', joined)).toMatchObject({ code: 0, err: '' });
      const lines = (text: string) => text.trimEnd().split('\n');
      expect(lines(await readText(joined)).slice(1, 31)).toEqual(lines(whole).slice(1, 31));
      expect(lines(await readText(joined))).toHaveLength(33);
      const again = await veneer('replay', joined, '--into', 'again', '--json');
      expect(JSON.parse(again.out)).toMatchObject({ equal: true, position: { commit: 31 } });
      const gone = await veneer('watch', '-m', 'lab', '--from', 'start');
      expect(gone.code).toBe(1);
      expect(gone.err).toMatch(/commits before 2\d are gone, the earliest position is 2\d, .*veneer session merge/);
    } finally {
      await daemon.close();
      await rm(folder, { recursive: true, force: true });
    }
  });
});

async function importWhole(url: string, name: string): Promise<void> {
  const client = connect(url);
  await client.importSession(name, Buffer.from(whole));
  client.close();
}

describe('an import and kill -9', { timeout: PATIENCE }, () => {
  it('SES-12: a daemon killed in the middle has no such machine, and takes the same file afterwards', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'veneerd-import-'));
    const args = ['--data', join(folder, 'data'), '--port', String(await freePort())];
    let daemon: DaemonProcess | undefined;
    try {
      for (const share of [0.2, 0.6, 0.95]) {
        daemon = await startProcess(args);
        const client = connect(daemon.url);
        const pieces = [...longSession(5000, 1024)];
        let sent: () => void = () => {};
        const half = new Promise<void>((resolve) => {
          sent = resolve;
        });
        const importing = client.importSession(
          'killed',
          stalled(pieces, Math.floor(pieces.length * share), () => sent()),
        );
        const outcome = importing.then(
          () => 'made',
          () => 'lost',
        );
        await half;
        expect(await client.machines()).toEqual([]);
        await daemon.end('SIGKILL');
        expect(await outcome).toBe('lost');
        client.close();
        daemon = await startProcess(args);
        const later = connect(daemon.url);
        expect(await later.machines()).toEqual([]);
        later.close();
        await daemon.end('SIGTERM');
      }
      daemon = await startProcess(args);
      const client = connect(daemon.url);
      const first = await client.importSession('killed', bytes(longSession(5000, 1024)));
      expect(first.position.commit).toBe(5000);
      expect(await client.importSession('killed', bytes(longSession(5000, 1024)))).toEqual(first);
      client.close();
    } finally {
      daemon?.child.kill('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    }
  });
});

async function* bytes(pieces: Iterable<string>): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield Buffer.from(piece);
}

/** Sends the first `count` pieces, says so, and then nothing more. */
async function* stalled(pieces: readonly string[], count: number, said: () => void): AsyncGenerator<Uint8Array> {
  yield* bytes(pieces.slice(0, count));
  said();
  await new Promise(() => {});
}

/** Cuts the first connection that has sent so many bytes. */
async function cuttingProxy(target: string, bytes: number): Promise<{ readonly url: string; close(): void }> {
  const { port, hostname } = new URL(target);
  let armed = true;
  const server = createServer((client) => {
    const upstream = connectTcp(Number(port), hostname);
    let sent = 0;
    client.on('data', (chunk) => {
      sent += chunk.length;
      if (!armed || sent < bytes) return;
      armed = false;
      client.destroy();
      upstream.destroy();
    });
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      one.on('error', () => {});
      one.on('close', () => other.destroy());
      one.pipe(other);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`,
    close: () => server.close(),
  };
}
