import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStores, type Stores } from '../../daemon/log/stores.ts';
import { noRedisServer, type RedisServer, startRedis } from '../support/redis.ts';
import { untilAnswered } from './answered.ts';

const EPOCH = 'epoch001';
const missing = noRedisServer();

describe.skipIf(missing !== undefined)(`a Redis that refuses${missing === undefined ? '' : `, ${missing}`}`, () => {
  let server: RedisServer;
  let stores: Stores;
  let machines = 0;

  beforeAll(async () => {
    server = await startRedis({ appendonly: 'yes', appendfsync: 'always' });
    stores = await openStores({ redisUrl: server.url });
  });
  afterAll(async () => {
    await stores.close();
    await server.close();
  });

  const set = (...settings: readonly string[]): Promise<unknown> => server.ask('CONFIG', 'SET', ...settings);

  /** A machine with two commits, and what a follower gets next. */
  async function watched(): Promise<{ readonly name: string; readonly next: Promise<unknown> }> {
    const name = `refused-${++machines}`;
    await stores.log.create(name, EPOCH, { id: 'c1', text: 'x' });
    await stores.log.append(name, EPOCH, 1, { id: 'c2', text: 'x' });
    const pages = stores.log.follow(name, EPOCH, 2, new AbortController().signal)[Symbol.asyncIterator]();
    return { name, next: pages.next().then(({ value }) => value?.[0]) };
  }

  /** Under the fault an append fails and says what helps, nothing is written, and all goes on when it is over. */
  async function refuses(words: string, begin: () => Promise<unknown>, end: () => Promise<unknown>): Promise<void> {
    const { name, next } = await watched();
    await begin();
    const refused = stores.log.append(name, EPOCH, 2, { id: 'c3', text: 'x' });
    await expect(refused).rejects.toMatchObject({ code: 'store-unavailable', temporary: true });
    await expect(refused).rejects.toThrow(words);
    await end();
    expect(await untilAnswered(stores.log, name, EPOCH, 2, 'other')).toEqual({ status: 'appended', number: 3 });
    expect(await next).toMatchObject({ number: 3, id: 'other' });
  }

  it('RED-3: out of memory', () =>
    refuses(
      'is out of memory: raise its maxmemory, or trim logs (OOM',
      () => set('maxmemory', '1'),
      () => set('maxmemory', '0'),
    ));

  it('RED-3: too few replicas', () =>
    refuses(
      'has fewer replicas than its min-replicas-to-write: start them (NOREPLICAS',
      () => set('min-replicas-to-write', '1'),
      () => set('min-replicas-to-write', '0'),
    ));

  it('RED-3: a disk that takes no snapshot', async () => {
    const [, folder] = (await server.ask('CONFIG', 'GET', 'dir')) as [string, string];
    // In the way of the file that Redis is about to write.
    mkdirSync(join(folder, 'dump.rdb'));
    await refuses(
      "can't write its data to disk: make room there and read its log (MISCONF",
      async () => {
        await set('save', '3600 1');
        await server.ask('BGSAVE');
        await expect.poll(() => server.ask('INFO', 'persistence')).toContain('rdb_last_bgsave_status:err');
      },
      () => set('save', ''),
    );
  });

  it('RED-3: somebody else holds it up', async () => {
    await set('busy-reply-threshold', '5');
    let script: Promise<unknown> | undefined;
    await refuses(
      'is held up by a script: SCRIPT KILL ends it (BUSY',
      async () => {
        script = server.ask('EVAL', 'while true do end', 0).catch(String);
        await expect.poll(() => server.ask('PING').catch(String)).toContain('BUSY');
      },
      () => server.ask('SCRIPT', 'KILL'),
    );
    expect(await script).toContain('killed');
  });

  it('RED-3: a user without the rights', async () => {
    await server.ask(
      'ACL',
      'SETUSER',
      'veneerd',
      'on',
      '>pw',
      '~veneerd:*',
      '&veneerd:*',
      '+@all',
      '-@admin',
      '+config|get',
    );
    const enough = await openStores({ redisUrl: server.url.replace('//', '//veneerd:pw@') });
    const { name } = await watched();
    const append = () => enough.log.append(name, EPOCH, 2, { id: 'c3', text: 'x' });
    for (const [less, more] of [
      ['-@write', '+@write'],
      ['-xadd', '+xadd'],
      ['resetchannels', '&veneerd:*'],
      ['resetkeys', '~veneerd:*'],
      ['-eval', '+eval'],
    ] as const) {
      await server.ask('ACL', 'SETUSER', 'veneerd', less);
      await expect(append(), less).rejects.toMatchObject({ code: 'store-unavailable', temporary: true });
      await expect(append(), less).rejects.toThrow('does not allow this to its user: ~veneerd:* &veneerd:* +@all');
      await server.ask('ACL', 'SETUSER', 'veneerd', more);
    }
    expect(await append()).toEqual({ status: 'appended', number: 3 });
    expect(enough.warnings).toEqual([]);
    await enough.close();
  });

  it('RED-3: a password that changed, or was never right', async () => {
    const url = (password: string): string => server.url.replace('//', `//:${password}@`);
    await expect(openStores({ redisUrl: 'redis://:secret@127.0.0.1:1' })).rejects.toThrow(
      'Redis at 127.0.0.1:1 is away: connect ECONNREFUSED',
    );
    await refuses(
      'wants a name or password: put them into its address (',
      async () => {
        await set('requirepass', 'first');
        await killClients('first');
        await expect.poll(() => stores.log.head('any').catch(String)).toContain('NOAUTH');
      },
      () => asUser('first', 'CONFIG', 'SET', 'requirepass', ''),
    );
    await set('requirepass', 'other');
    const wrong = openStores({ redisUrl: url('secret') });
    await expect(wrong).rejects.toMatchObject({ code: 'store-unavailable', temporary: true });
    await expect(wrong).rejects.toThrow('does not know this name and password (WRONGPASS');
    await expect(wrong).rejects.not.toThrow('secret');
    await asUser('other', 'CONFIG', 'SET', 'requirepass', '');
  });

  async function asUser(password: string, command: string, ...args: readonly string[]): Promise<unknown> {
    const client = new Redis(server.port, '127.0.0.1', { password });
    return client.call(command, ...args).finally(() => client.disconnect());
  }
  const killClients = (password: string): Promise<unknown> => asUser(password, 'CLIENT', 'KILL', 'TYPE', 'normal');

  it('RED-3: a restart that loads for long', async () => {
    const { name, next } = await watched();
    for (let n = 0; n < 100; n++) await stores.blobs.put(Buffer.from(`blob ${n}`));
    await server.kill();
    // 20 ms a key, and answers in between.
    server.launch({ 'key-load-delay': '20000', 'loading-process-events-interval-bytes': '1024' });
    await expect.poll(() => stores.log.head(name).catch(String)).toContain('is away: it loads its data, or hangs');
    expect(await untilAnswered(stores.log, name, EPOCH, 2, 'c3')).toEqual({ status: 'appended', number: 3 });
    expect(await next).toMatchObject({ number: 3 });
    await set('key-load-delay', '0');
  });

  it('RED-3: a primary that became a replica, until it is the primary again', () =>
    refuses(
      'is a replica that takes no writes: name the primary, or wait for the failover (READONLY',
      () => server.ask('REPLICAOF', '127.0.0.1', 9),
      () => server.ask('REPLICAOF', 'NO', 'ONE'),
    ));
});
