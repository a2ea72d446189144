/** Threads that make the rows of a sweep. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { RunError } from '../run-error.ts';
import { booted, type PlanInput } from './input.ts';
import { type PackedInput, pack } from './packed.ts';
import type { Row } from './row.ts';
import type { RowMaker } from './run-sweep.ts';
import type { Seeds } from './thread.ts';

/** It runs the bundle of thread.ts, as bin/veneer.mjs runs that of the command line. */
const THREAD = new URL('../../../bin/plan-thread.mjs', import.meta.url);

export const THREADS = availableParallelism();

export interface Pool extends RowMaker {
  readonly threads: number;
  /** Rows in order of seed. What finds all threads busy waits for one. Rejects when the pool is closed. */
  rows(seeds: Seeds): Promise<readonly Row[]>;
  close(): Promise<void>;
}

/** Throws a RunError where the machine does not boot. */
export function openPool(input: PlanInput, threads = THREADS): Pool {
  booted(input, null);
  return new Threads(pack(input), threads);
}

interface Task {
  readonly seeds: Seeds;
  readonly resolve: (rows: readonly Row[]) => void;
  readonly reject: (error: Error) => void;
}

class Threads implements Pool {
  readonly threads: number;
  readonly width: number;
  readonly share: number;
  readonly #packed: PackedInput;
  readonly #idle: Worker[] = [];
  readonly #busy = new Map<Worker, Task>();
  readonly #waiting: Task[] = [];
  #closed = false;

  constructor(packed: PackedInput, threads: number) {
    this.threads = threads;
    // A thread that is done finds its next chunk waiting.
    this.width = 2 * threads;
    this.share = 8 * threads;
    this.#packed = packed;
  }

  rows(seeds: Seeds): Promise<readonly Row[]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ seeds, resolve, reject });
      this.#next();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#next();
    const workers = [...this.#idle, ...this.#busy.keys()];
    for (const { reject } of this.#busy.values()) reject(closed());
    this.#busy.clear();
    this.#idle.length = 0;
    await Promise.all(workers.map((worker) => worker.terminate()));
  }

  #next(): void {
    if (this.#closed) for (const { reject } of this.#waiting.splice(0)) reject(closed());
    while (this.#waiting.length > 0) {
      const worker = this.#idle.pop() ?? (this.#busy.size < this.threads ? this.#start() : undefined);
      if (!worker) return;
      const task = this.#waiting.shift() as Task;
      this.#busy.set(worker, task);
      worker.postMessage(task.seeds);
    }
  }

  #start(): Worker {
    const worker = new Worker(THREAD, { workerData: this.#packed });
    worker.on('message', (rows: readonly Row[]) => {
      this.#busy.get(worker)?.resolve(rows);
      if (!this.#busy.delete(worker)) return;
      this.#idle.push(worker);
      this.#next();
    });
    // A thread that ends for any reason takes its task along: nothing is lost, the caller is told.
    worker.on('error', (error) => this.#ended(worker, error));
    worker.on('exit', (code) => this.#ended(worker, new Error(`it ended with ${code}`)));
    return worker;
  }

  #ended(worker: Worker, why: unknown): void {
    const task = this.#busy.get(worker);
    this.#busy.delete(worker);
    const index = this.#idle.indexOf(worker);
    if (index >= 0) this.#idle.splice(index, 1);
    const words = why instanceof Error ? why.message : String(why);
    task?.reject(new RunError(`a thread of the sweep failed: ${words}`));
    this.#next();
  }
}

const closed = (): Error => new RunError('the sweep was stopped');
