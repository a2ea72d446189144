import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseRedisAddress } from '../../daemon/log/redis-address.ts';
import { openStores } from '../../daemon/log/stores.ts';
import { noRedisServer, type RedisServer, startRedis } from '../support/redis.ts';
import { type RedisCluster, startCluster } from '../support/redis-cluster.ts';

describe('the address of Redis', () => {
  it('RED-1: names a server or nodes of a cluster, with TLS or without', () => {
    const local = { cluster: false, tls: false, nodes: [{ host: 'localhost', port: 6379 }], db: 0 };
    expect(parseRedisAddress('redis://localhost')).toEqual({ ...local, shown: 'Redis at localhost' });
    expect(parseRedisAddress('rediss://me:p%40ss@[::1]:7000/2')).toEqual({
      cluster: false,
      tls: true,
      nodes: [{ host: '::1', port: 7000 }],
      username: 'me',
      password: 'p@ss',
      db: 2,
      shown: 'Redis at [::1]:7000',
    });
    expect(parseRedisAddress('redis-cluster://:secret@a:1,b,[fe80::2]:3/')).toEqual({
      cluster: true,
      tls: false,
      nodes: [
        { host: 'a', port: 1 },
        { host: 'b', port: 6379 },
        { host: 'fe80::2', port: 3 },
      ],
      password: 'secret',
      db: 0,
      shown: 'the Redis cluster at a:1,b,[fe80::2]:3',
    });
    expect(parseRedisAddress('rediss-cluster://a')).toMatchObject({ cluster: true, tls: true });
  });

  it('RED-1: what is no address is refused with what was expected, without its password', () => {
    for (const [text, why] of [
      ['localhost:6379', 'expected redis://HOST:PORT'],
      ['http://:secret@localhost', 'expected redis://HOST:PORT'],
      ['redis://:secret@', 'expected redis://HOST:PORT'],
      ['redis://:secret@a/db', 'expected redis://HOST:PORT'],
      ['redis://:secret@a:1,b:2', 'for the nodes of a cluster write redis-cluster://'],
      ['redis-cluster://:secret@a/1', 'a cluster has no database 1'],
      ['redis://:secret@a:70000', 'server 1: expected HOST or HOST:PORT'],
      ['redis-cluster://:secret@a,,b', 'server 2: expected HOST or HOST:PORT'],
      ['redis://me:secret', 'server 1: expected HOST or HOST:PORT'],
      ['redis://:secret%@a', 'percent-encoded'],
      ['', 'expected redis://HOST:PORT'],
    ] as const) {
      expect(() => parseRedisAddress(text)).toThrow(why);
      expect(() => parseRedisAddress(text)).not.toThrow('secret');
    }
  });

  it('RED-1: any text names servers or is refused', () => {
    const part = fc.oneof(fc.string(), fc.constantFrom(':', '@', ',', '/', '[', ']', '%', 'host:1', '[::1]'));
    const scheme = fc.constantFrom('redis://', 'rediss://', 'redis-cluster://', 'rediss-cluster://', '');
    const text = fc.tuple(scheme, fc.array(part)).map(([start, parts]) => start + parts.join(''));
    fc.assert(
      fc.property(text, (address) => {
        try {
          for (const { host, port } of parseRedisAddress(address).nodes) {
            expect(host).not.toBe('');
            expect(port).toBeGreaterThan(0);
          }
        } catch (error) {
          expect(error).toMatchObject({ code: 'invalid-argument' });
        }
      }),
    );
  });
});

const missing = noRedisServer();
describe.skipIf(missing !== undefined)(`the settings of Redis${missing === undefined ? '' : `, ${missing}`}`, () => {
  let server: RedisServer;
  let cluster: RedisCluster;
  beforeAll(async () => {
    [server, cluster] = await Promise.all([startRedis(), startCluster()]);
  });
  afterAll(() => Promise.all([server.close(), cluster.close()]));

  const warnings = async (redisUrl: string): Promise<readonly string[]> => {
    const stores = await openStores({ redisUrl });
    await stores.close();
    return stores.warnings;
  };

  it('RED-2: settings under which a log can get lost are warned of, in a cluster of each master', async () => {
    const where = `Redis at 127.0.0.1:${server.port} has`;
    await server.ask('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
    expect(await warnings(server.url)).toEqual([
      expect.stringContaining(`${where} the maxmemory-policy allkeys-lru`),
      expect.stringContaining(`${where} appendonly no`),
    ]);
    await server.ask('CONFIG', 'SET', 'maxmemory-policy', 'noeviction', 'appendonly', 'yes', 'appendfsync', 'no');
    expect(await warnings(server.url)).toEqual([expect.stringContaining(`${where} appendfsync no`)]);
    await server.ask('CONFIG', 'SET', 'appendfsync', 'everysec');
    expect(await warnings(server.url)).toEqual([]);

    expect(await warnings(cluster.url)).toEqual([]);
    const [, second] = cluster.masters;
    await second?.ask('CONFIG', 'SET', 'maxmemory-policy', 'volatile-ttl');
    expect(await warnings(cluster.url)).toEqual([
      expect.stringContaining(`127.0.0.1:${second?.port} has the maxmemory-policy volatile-ttl`),
    ]);
  });

  it('RED-2: a Redis that keeps its settings to itself is said to', async () => {
    await server.ask('ACL', 'SETUSER', 'shy', 'on', '>pw', '~*', '&*', '+@all', '-info', '-config');
    const [warning, ...more] = await warnings(server.url.replace('//', '//shy:pw@'));
    expect(warning).toContain('does not tell its settings');
    expect(more).toEqual([]);
  });

  it('RED-1: one node of a cluster leads to the others, by name as well', async () => {
    const stores = await openStores({ redisUrl: `redis-cluster://localhost:${cluster.masters[2]?.port}` });
    for (let n = 0; n < 9; n++) {
      const created = stores.log.create(`named-${n}`, 'epoch001', { id: 'boot', text: 'x' });
      expect(await created).toMatchObject({ status: 'created' });
    }
    await stores.close();
    const sizes = await Promise.all(cluster.masters.map((master) => master.ask('DBSIZE')));
    for (const size of sizes) expect(size).toBeGreaterThan(0);
  });

  it('RED-1: a node of a cluster is no server, and a server no cluster', async () => {
    const [node] = cluster.masters;
    const asServer = openStores({ redisUrl: `redis://127.0.0.1:${node?.port}` });
    await expect(asServer).rejects.toMatchObject({ code: 'invalid-argument', temporary: false });
    await expect(asServer).rejects.toThrow('is a node of a cluster: write redis-cluster://');
    const asCluster = openStores({ redisUrl: `redis-cluster://127.0.0.1:${server.port}` });
    await expect(asCluster).rejects.toMatchObject({ code: 'invalid-argument', temporary: false });
    await expect(asCluster).rejects.toThrow('is no cluster: write redis://');
  });
});
