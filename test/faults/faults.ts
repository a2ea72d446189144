/** The faults: each does its harm at once, lasts for a random while, and comes back when everything is as it was before. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../daemon/kernel/machine/random.ts';
import { machineKey, REGISTRY } from '../../daemon/log/redis-keys.ts';
import type { TcpProxy } from '../sdk/proxy.ts';
import type { RedisServer } from '../support/redis.ts';
import { moveSlot, type RedisCluster } from '../support/redis-cluster.ts';
import type { Daemon } from './daemon.ts';

export interface Fault {
  readonly kind: string;
  /** Two faults at a time have none of them in common. */
  readonly places: readonly ('daemon' | 'clients' | 'link' | 'store')[];
  /** How often it comes, beside the others. */
  readonly weight: number;
  run(random: Random): Promise<void>;
}

/** Milliseconds after which a daemon gives an answer of Redis up, and some more. */
const BEYOND_TIMEOUT = 6500;

const oneOf = <T>(random: Random, things: readonly T[]): T => things[random(things.length)] as T;
/** A random while of at most `most` milliseconds. */
const aWhile = (random: Random, most: number): Promise<void> => sleep(random(most));

/** One fault, or two of them at a time. */
export function pick(random: Random, faults: readonly Fault[]): readonly Fault[] {
  const first = draw(random, faults);
  if (random(3) > 0) return [first];
  const elsewhere = faults.filter(({ places }) => !places.some((place) => first.places.includes(place)));
  return elsewhere.length === 0 ? [first] : [first, draw(random, elsewhere)];
}

function draw(random: Random, faults: readonly Fault[]): Fault {
  let ticket = random(faults.reduce((sum, { weight }) => sum + weight, 0));
  const drawn = faults.find(({ weight }) => {
    ticket -= weight;
    return ticket < 0;
  });
  if (drawn === undefined) throw new RangeError('no faults');
  return drawn;
}

/** Faults that end the process of a daemon. */
export function deaths(daemons: readonly Daemon[]): readonly Fault[] {
  return [
    {
      kind: 'daemon: kill -9',
      places: ['daemon'],
      weight: 6,
      async run(random) {
        const daemon = oneOf(random, daemons);
        await daemon.kill();
        await aWhile(random, 300);
        if (random(3) === 0) {
          const starting = daemon.start();
          await aWhile(random, 700);
          await daemon.kill();
          await starting;
        }
        await daemon.start();
      },
    },
    {
      kind: 'daemon: SIGTERM',
      places: ['daemon'],
      weight: 2,
      async run(random) {
        const daemon = oneOf(random, daemons);
        await daemon.end();
        await aWhile(random, 200);
        await daemon.start();
      },
    },
  ];
}

/** Faults that a daemon lives through, whatever its store. */
export function hardships(daemons: readonly Daemon[]): readonly Fault[] {
  return [
    {
      kind: 'daemon: SIGSTOP',
      places: ['daemon'],
      weight: 2,
      async run(random) {
        const daemon = oneOf(random, daemons);
        daemon.pause();
        await aWhile(random, 1500);
        daemon.resume();
      },
    },
    {
      kind: 'clients: cut',
      places: ['clients'],
      weight: 2,
      async run(random) {
        const { front } = oneOf(random, daemons);
        for (let times = 1 + random(5); times > 0; times--) {
          front.cut();
          await aWhile(random, 200);
        }
      },
    },
    {
      kind: 'clients: answers swallowed',
      places: ['clients'],
      weight: 2,
      async run(random) {
        const { front } = oneOf(random, daemons);
        front.swallow(true);
        await aWhile(random, 800);
        front.swallow(false);
      },
    },
    {
      kind: 'clients: kept out',
      places: ['clients'],
      weight: 1,
      async run(random) {
        const { front } = oneOf(random, daemons);
        front.refuse(true);
        front.cut();
        await aWhile(random, 1000);
        front.refuse(false);
      },
    },
  ];
}

/** Faults of a network between a daemon and its Redis. */
export function linkFaults(links: readonly TcpProxy[]): readonly Fault[] {
  return [
    {
      kind: 'link to Redis: cut',
      places: ['link'],
      weight: 4,
      async run(random) {
        const link = oneOf(random, links);
        for (let times = 1 + random(6); times > 0; times--) {
          link.cut();
          await aWhile(random, 150);
        }
      },
    },
    {
      kind: 'link to Redis: gone',
      places: ['link'],
      weight: 2,
      async run(random) {
        const link = oneOf(random, links);
        link.refuse(true);
        link.cut();
        await aWhile(random, 1200);
        link.refuse(false);
      },
    },
    {
      kind: 'link to Redis: slow',
      places: ['link'],
      weight: 2,
      async run(random) {
        const link = oneOf(random, links);
        link.delay(1 + random(250));
        await aWhile(random, 1500);
        link.delay(0);
      },
    },
    {
      kind: 'link to Redis: answers swallowed',
      places: ['link'],
      weight: 4,
      async run(random) {
        const link = oneOf(random, links);
        link.swallow(true);
        await (random(8) === 0 ? sleep(BEYOND_TIMEOUT) : aWhile(random, 800));
        link.swallow(false);
      },
    },
  ];
}

/** Faults of Redis servers, one at a time; `daemons` may die with them. */
export function redisFaults(servers: readonly RedisServer[], daemons: readonly Daemon[]): readonly Fault[] {
  return [
    {
      kind: 'Redis: kill -9',
      places: ['store'],
      weight: 6,
      async run(random) {
        const server = oneOf(random, servers);
        await server.kill();
        await aWhile(random, 600);
        await server.start();
      },
    },
    {
      kind: 'Redis and a daemon: kill -9',
      places: ['daemon', 'store'],
      weight: daemons.length > 0 ? 2 : 0,
      async run(random) {
        const [server, daemon] = [oneOf(random, servers), oneOf(random, daemons)];
        const down = server.kill();
        await aWhile(random, 30);
        await Promise.all([down, daemon.kill()]);
        const starting = daemon.start();
        await aWhile(random, 600);
        await Promise.all([server.start(), starting]);
      },
    },
    {
      kind: 'Redis: SIGSTOP',
      places: ['store'],
      weight: 2,
      async run(random) {
        const server = oneOf(random, servers);
        server.pause();
        await (random(8) === 0 ? sleep(BEYOND_TIMEOUT) : aWhile(random, 1500));
        server.resume();
      },
    },
    {
      kind: 'Redis: connections cut',
      places: ['store'],
      weight: 2,
      async run(random) {
        const server = oneOf(random, servers);
        for (let times = 1 + random(4); times > 0; times--) {
          for (const type of ['normal', 'pubsub']) await server.ask('CLIENT', 'KILL', 'TYPE', type);
          await aWhile(random, 200);
        }
      },
    },
    {
      kind: 'Redis: out of memory',
      places: ['store'],
      weight: 1,
      run: (random) => whileSet(oneOf(random, servers), random, 'maxmemory', '1mb', '0'),
    },
    {
      kind: 'Redis: refuses writes',
      places: ['store'],
      weight: 1,
      run: (random) => whileSet(oneOf(random, servers), random, 'min-replicas-to-write', '1', '0'),
    },
  ];
}

async function whileSet(
  server: RedisServer,
  random: Random,
  setting: string,
  harm: string,
  usual: string,
): Promise<void> {
  await server.ask('CONFIG', 'SET', setting, harm);
  await aWhile(random, 1000);
  await server.ask('CONFIG', 'SET', setting, usual);
}

/** Faults of a cluster as a whole. */
export function clusterFaults(cluster: RedisCluster): readonly Fault[] {
  return [
    {
      kind: 'cluster: a slot moves there and back',
      places: ['store'],
      weight: 3,
      async run(random) {
        const machines = await (await cluster.masterOf(REGISTRY)).ask('HKEYS', REGISTRY);
        const key = machineKey(oneOf(random, machines as string[]));
        const home = await cluster.masterOf(key);
        const [away, third] = cluster.masters.filter((node) => node !== home) as [RedisServer, RedisServer];
        await moveSlot(key, home, away, [third], () => aWhile(random, 100));
        await aWhile(random, 300);
        await moveSlot(key, away, home, [third], () => aWhile(random, 100));
      },
    },
  ];
}
