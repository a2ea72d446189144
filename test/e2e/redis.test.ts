import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { connect } from '../../clients/sdk/node.ts';
import { machineKey } from '../../daemon/log/redis-keys.ts';
import { freePort, noRedisServer, type RedisServer, startRedis } from '../support/redis.ts';
import { type DaemonProcess, runToEnd, startProcess } from './daemon-process.ts';

const missing = noRedisServer();

describe.skipIf(missing !== undefined)(`a daemon and its Redis${missing === undefined ? '' : `, ${missing}`}`, () => {
  let redis: RedisServer;
  let daemon: DaemonProcess | undefined;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterEach(() => void daemon?.child.kill('SIGKILL'));
  afterAll(() => redis.close());

  it('RED-2: it says at its start under which settings a log gets lost', async () => {
    let said = '';
    daemon = await startProcess(['--redis', redis.url], undefined, (child) => {
      child.stderr?.on('data', (text) => {
        said += String(text);
      });
    });
    await expect.poll(() => said).toContain(`Redis at 127.0.0.1:${redis.port} has appendonly no`);
  });

  it('RED-1, RUN-3: an address that is none, or that says the wrong thing, is one line', async () => {
    for (const [address, why] of [
      ['redis://:secret@a:1,b:2', 'for the nodes of a cluster write redis-cluster://'],
      ['127.0.0.1:6379', 'expected redis://HOST:PORT'],
      [redis.url.replace('redis:', 'redis-cluster:'), 'is no cluster: write redis://'],
    ] as const) {
      const { code, err } = await runToEnd(['--redis', address, '--port', '0']);
      expect(err).toMatch(/^veneerd: [^\n]*\n$/);
      expect(err).toContain(why);
      expect(err).not.toContain('secret');
      expect(code).toBe(1);
    }
  });

  it('RED-1: over TLS it speaks to a Redis whose certificate it can check, and to no other', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'veneerd-tls-'));
    const [cert, key, port] = [join(folder, 'cert.pem'), join(folder, 'key.pem'), await freePort()];
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'];
    execFileSync('openssl', ['req', '-x509', ...curve, '-keyout', key, '-out', cert, ...subject], { stdio: 'ignore' });
    const files = { 'tls-cert-file': cert, 'tls-key-file': key, 'tls-ca-cert-file': cert };
    const far = await startRedis({ 'tls-port': String(port), 'tls-auth-clients': 'no', ...files });
    const address = ['--redis', `rediss://127.0.0.1:${port}`];
    const { code, err } = await runToEnd([...address, '--port', '0']);
    expect([code, err]).toEqual([1, expect.stringContaining('is away: self-signed certificate')]);

    vi.stubEnv('NODE_EXTRA_CA_CERTS', cert);
    daemon = await startProcess(address);
    vi.unstubAllEnvs();
    const client = connect(daemon.url);
    await client.boot('secret');
    const watching = client.machine('secret').commits()[Symbol.asyncIterator]();
    await watching.next();
    await expect.poll(() => far.ask('PUBSUB', 'NUMSUB', machineKey('secret'))).toEqual([machineKey('secret'), 1]);
    client.close();
    await far.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('RED-3: clients are told what helps, and watchers go on when it is over', async () => {
    daemon = await startProcess(['--redis', redis.url]);
    const client = connect(daemon.url);
    const machine = client.machine('told');
    await client.boot('told');
    const seen: string[] = [];
    const watching = (async () => {
      for await (const item of machine.commits()) {
        if (item.kind === 'commit') seen.push(item.commit.id);
        if (item.position.commit === 3) return;
      }
    })();
    const unload = (id: string) => machine.command({ type: 'unload', module: 'none' }, { id });

    await redis.ask('CONFIG', 'SET', 'maxmemory', '1');
    const full = unload('one');
    await expect(full).rejects.toMatchObject({ code: 'log-unavailable', temporary: true });
    await expect(full).rejects.toThrow('is out of memory: raise its maxmemory, or trim logs');
    await redis.ask('CONFIG', 'SET', 'maxmemory', '0');
    expect((await unload('one')).position.commit).toBe(2);

    redis.pause();
    const hanging = unload('two');
    await expect(hanging).rejects.toMatchObject({ code: 'log-unavailable', temporary: true });
    await expect(hanging).rejects.toThrow('does not answer; a write may be done: repeat it with the same id');
    redis.resume();
    await expect.poll(() => unload('two').then(({ position }) => position.commit, String), { timeout: 20_000 }).toBe(3);
    await watching;
    expect(seen.slice(1)).toEqual(['one', 'two']);
    client.close();
  });
});
