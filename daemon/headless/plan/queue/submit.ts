/** Submitting a sweep: chunks as jobs, and their rows collected, each once, however often a chunk was begun. */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { QueueEvents } from 'bullmq';
import { RunError } from '../../run-error.ts';
import { booted, type PlanInput } from '../input.ts';
import type { Row } from '../row.ts';
import type { RowMaker } from '../run-sweep.ts';
import type { Seeds } from '../thread.ts';
import { asRunError, openBlobs, storeSweep } from './definition.ts';
import { connectQueue, type JobData, openQueue, PREFIX, QUEUE, type SweepQueue } from './queue.ts';
import { ownRules } from './rules.ts';
import { startWork, type Work } from './work.ts';

export interface SubmitOptions {
  /** Threads of this process that work, too; 0 leaves all work to others. */
  readonly threads: number;
  /** By which rules the rows have to be made; those of this program unless told. */
  readonly rules?: string;
}

/** Jobs that wait or are worked on at a time. */
const UNDER_WAY = 64;
/** Events can be missed: so often the jobs themselves are asked. */
const LOOK_MS = 5000;

export interface Submitted extends RowMaker {
  /** Takes back what nobody has begun, and closes everything. */
  close(): Promise<void>;
}

/** Rejects with a RunError where the machine does not boot or Redis can't be reached. */
export async function submitSweep(
  url: string,
  input: PlanInput,
  { threads, rules }: SubmitOptions,
): Promise<Submitted> {
  booted(input, null);
  const { blobs, close } = await openBlobs(url);
  try {
    const sweep = await storeSweep(input, blobs).catch(asRunError);
    const data = { sweep, rules: rules ?? (await ownRules()), by: hostname() };
    const work = threads > 0 ? await startWork(url, threads) : undefined;
    return new Submission(url, data, work);
  } finally {
    close();
  }
}

interface Task {
  readonly data: JobData;
  readonly resolve: (rows: readonly Row[]) => void;
  readonly reject: (error: Error) => void;
}

class Submission implements Submitted {
  readonly width = UNDER_WAY;
  readonly share = UNDER_WAY;
  readonly #connection: ReturnType<typeof connectQueue>;
  readonly #queue: SweepQueue;
  readonly #events: QueueEvents;
  readonly #work: Work | undefined;
  readonly #common: Omit<JobData, keyof Seeds>;
  readonly #run = randomUUID();
  readonly #tasks = new Map<string, Task>();
  readonly #look: ReturnType<typeof setInterval>;

  constructor(url: string, common: Omit<JobData, keyof Seeds>, work: Work | undefined) {
    this.#common = common;
    this.#work = work;
    this.#connection = connectQueue(url);
    this.#queue = openQueue(this.#connection);
    this.#events = new QueueEvents(QUEUE, { connection: this.#connection, prefix: PREFIX });
    this.#queue.on('error', () => undefined);
    this.#events.on('error', () => undefined);
    this.#events.on('completed', ({ jobId }) => void this.#fetch(jobId));
    this.#events.on('failed', ({ jobId }) => void this.#fetch(jobId));
    this.#look = setInterval(() => {
      for (const id of this.#tasks.keys()) void this.#fetch(id);
    }, LOOK_MS);
  }

  rows(seeds: Seeds): Promise<readonly Row[]> {
    const data: JobData = { ...this.#common, ...seeds };
    const id = `${this.#run}-${seeds.from}`;
    return new Promise((resolve, reject) => {
      this.#tasks.set(id, { data, resolve, reject });
      this.#add(id, data).catch(reject);
    });
  }

  async close(): Promise<void> {
    clearInterval(this.#look);
    const ids = [...this.#tasks.keys()];
    for (const { reject } of this.#tasks.values()) reject(new RunError('the sweep was stopped'));
    this.#tasks.clear();
    // One that is worked on stays: its result is forgotten after a while.
    await Promise.allSettled(ids.map((id) => this.#queue.remove(id)));
    await this.#work?.close();
    await this.#events.close();
    await this.#queue.close();
    this.#connection.disconnect();
  }

  async #add(id: string, data: JobData): Promise<void> {
    await this.#queue.add('seeds', data, { jobId: id });
  }

  /** Takes the result of a job that has one. A job that Redis has lost is added again. */
  async #fetch(id: string): Promise<void> {
    const task = this.#tasks.get(id);
    if (!task) return;
    try {
      const job = await this.#queue.getJob(id);
      if (!job) {
        await this.#add(id, task.data);
        return;
      }
      const state = await job.getState();
      if (state !== 'completed' && state !== 'failed') return;
      const done = await this.#queue.getJob(id);
      if (!done || !this.#tasks.delete(id)) return;
      if (state === 'completed') task.resolve(done.returnvalue);
      else task.reject(new RunError(`seeds from ${task.data.from} on: ${done.failedReason}`));
      await done.remove();
    } catch {
      // Redis is away: what is due is looked at again.
    }
  }
}
