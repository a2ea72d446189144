/** Working on the queue: chunks of seeds, whoever submitted them, with all threads of this process. */
import { hostname } from 'node:os';
import { UnrecoverableError, Worker } from 'bullmq';
import type { BlobStore } from '../../../log/blobs.ts';
import { SEED_LIMIT } from '../input.ts';
import { openPool, type Pool } from '../pool.ts';
import type { Row } from '../row.ts';
import { fetchSweep, openBlobs } from './definition.ts';
import { connectQueue, type JobData, LOCK_MS, MOST_STALLED, PREFIX, QUEUE, STALLED_MS } from './queue.ts';
import { ownRules } from './rules.ts';

/** Seeds in one chunk. */
const LARGEST = 4096;
/** Sweeps whose threads are kept ready; each holds all its modules. */
const SWEEPS = 2;

export interface WorkEvents {
  /** A chunk is done, or was not: `error` says why. */
  readonly onChunk?: (job: JobData, error: string | undefined) => void;
}

export interface Work {
  /** Resolves when the chunks in hand are done and everything is closed. */
  close(): Promise<void>;
}

/** Starts to work until it is closed. Rejects with a RunError where Redis can't be reached. */
export async function startWork(url: string, threads: number, { onChunk }: WorkEvents = {}): Promise<Work> {
  const { blobs, close } = await openBlobs(url);
  const pools = new Pools(blobs, threads);
  const rules = await ownRules();
  const connection = connectQueue(url);
  const worker = new Worker<JobData, readonly Row[]>(
    QUEUE,
    async ({ data }) => {
      if (data.rules !== rules) {
        throw new UnrecoverableError(
          `the worker on ${hostname()} is veneerd ${rules}, the sweep was submitted by veneerd ${data.rules}: all have to be the same`,
        );
      }
      const { from, count } = data;
      if (!Number.isSafeInteger(from) || !(count >= 1 && count <= LARGEST) || from < 0 || from + count > SEED_LIMIT) {
        throw new UnrecoverableError(
          `seeds from ${from}, ${count} of them: expected up to ${LARGEST} below ${SEED_LIMIT}`,
        );
      }
      return pools.rows(data);
    },
    {
      connection,
      prefix: PREFIX,
      concurrency: threads,
      lockDuration: LOCK_MS,
      stalledInterval: STALLED_MS,
      maxStalledCount: MOST_STALLED,
    },
  );
  worker.on('completed', ({ data }) => onChunk?.(data, undefined));
  worker.on('failed', (job, error) => job && onChunk?.(job.data, error.message));
  // Redis away, or a chunk that another has taken over meanwhile: BullMQ goes on by itself.
  worker.on('error', () => undefined);
  return {
    close: async () => {
      await worker.close();
      await pools.close();
      connection.disconnect();
      close();
    },
  };
}

interface Kept {
  readonly pool: Promise<Pool>;
  /** Chunks in hand. */
  users: number;
}

/** A pool for each sweep, the one that was used last at the end. */
class Pools {
  readonly #blobs: BlobStore;
  readonly #threads: number;
  readonly #kept = new Map<string, Kept>();

  constructor(blobs: BlobStore, threads: number) {
    this.#blobs = blobs;
    this.#threads = threads;
  }

  async rows({ sweep, from, count }: JobData): Promise<readonly Row[]> {
    const kept = this.#kept.get(sweep) ?? {
      pool: fetchSweep(sweep, this.#blobs).then((input) => openPool(input, this.#threads)),
      users: 0,
    };
    this.#kept.delete(sweep);
    this.#kept.set(sweep, kept);
    kept.users++;
    try {
      await this.#evict();
      return await (await kept.pool).rows({ from, count });
    } catch (error) {
      // The next chunk begins anew.
      if (this.#kept.get(sweep) === kept && kept.users === 1) await this.#drop(sweep, kept);
      throw error;
    } finally {
      kept.users--;
    }
  }

  async close(): Promise<void> {
    for (const [sweep, kept] of [...this.#kept]) await this.#drop(sweep, kept);
  }

  async #evict(): Promise<void> {
    for (const [sweep, kept] of [...this.#kept]) {
      if (this.#kept.size <= SWEEPS) return;
      if (kept.users === 0) await this.#drop(sweep, kept);
    }
  }

  async #drop(sweep: string, { pool }: Kept): Promise<void> {
    this.#kept.delete(sweep);
    await pool.then(
      (opened) => opened.close(),
      () => undefined,
    );
  }
}
