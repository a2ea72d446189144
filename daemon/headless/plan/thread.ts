/** A thread of a sweep: reads all modules once, then makes rows for the seeds that it is sent. Started by bin/plan-thread.mjs. */
import { parentPort, workerData } from 'node:worker_threads';
import { type PackedInput, unpack } from './packed.ts';
import type { Row } from './row.ts';
import { openSweep, type Sweeper } from './sweep.ts';

/** `count` seeds from `from` on. */
export interface Seeds {
  readonly from: number;
  readonly count: number;
}

let sweep: Sweeper | undefined;

parentPort?.on('message', ({ from, count }: Seeds) => {
  sweep ??= openSweep(unpack(workerData as PackedInput));
  const rows: Row[] = [];
  for (let seed = from; seed < from + count; seed++) rows.push(sweep.row(seed));
  parentPort?.postMessage(rows);
});
