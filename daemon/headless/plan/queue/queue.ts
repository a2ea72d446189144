/** The queue of sweeps in Redis, with BullMQ: each job is a chunk of seeds, its result the rows. */
import { Queue, type QueueOptions } from 'bullmq';
import { Cluster, Redis, type RedisOptions } from 'ioredis';
import { parseRedisAddress } from '../../../log/redis-address.ts';
import type { Row } from '../row.ts';
import type { Seeds } from '../thread.ts';

export interface JobData extends Seeds {
  /** The sha256 of the blob that says what is planned. */
  readonly sweep: string;
  /** By which rules the rows have to be made. */
  readonly rules: string;
  /** Who asks, for the log of whoever works. */
  readonly by: string;
}

export type SweepQueue = Queue<JobData, readonly Row[]>;

export const QUEUE = 'sweeps';
/** All keys share a slot of a cluster. */
export const PREFIX = '{veneerd-plan}';

/** A worker that died is noticed after this and at most STALLED_MS more; its chunk goes to another. */
export const LOCK_MS = 10_000;
export const STALLED_MS = 5_000;
/** A chunk that outlives so many workers is given up. */
export const MOST_STALLED = 20;
const ATTEMPTS = 3;
/** Seconds for which a result waits that nobody has fetched. */
const KEPT_S = 3600;
/** Rows are in the jobs; events only say that there is something to fetch. */
const EVENTS = 1000;

/** A connection as BullMQ wants it: commands wait until Redis is back. */
export function connectQueue(url: string): Redis | Cluster {
  const { cluster, nodes, tls, username, password, db } = parseRedisAddress(url);
  const options: RedisOptions = {
    maxRetriesPerRequest: null,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(tls && { tls: {} }),
  };
  const [first] = nodes;
  const client = cluster
    ? new Cluster([...nodes], { redisOptions: options })
    : new Redis({ ...options, host: first?.host ?? '', port: first?.port ?? 0, db });
  // Each command says what went wrong; without a listener ioredis prints it as well.
  client.on('error', () => undefined);
  return client;
}

export function openQueue(connection: Redis | Cluster): SweepQueue {
  const options: QueueOptions = {
    connection,
    prefix: PREFIX,
    streams: { events: { maxLen: EVENTS } },
    defaultJobOptions: {
      attempts: ATTEMPTS,
      backoff: { type: 'fixed', delay: 1000 },
      removeOnComplete: { age: KEPT_S },
      removeOnFail: { age: KEPT_S },
    },
  };
  return new Queue<JobData, readonly Row[]>(QUEUE, options);
}
