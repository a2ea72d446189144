/** Running a sweep: rows to a file where asked, their distribution to whoever reads. */
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import type { PlanInput } from '../../../daemon/headless/plan/input.ts';
import type { RowMaker } from '../../../daemon/headless/plan/run-sweep.ts';
import type { Summary } from '../../../daemon/headless/plan/summary.ts';
import { fileFailure, refused } from '../failure.ts';
import { progress } from '../progress.ts';

export interface SweepOptions {
  readonly from: number;
  readonly count: number;
  /** A file for one row a line, in order of seed. */
  readonly rows?: string;
  readonly force?: boolean;
}

/** The distribution over all seeds, or over those that were done when the signal was aborted. */
export async function runSweep(
  maker: RowMaker,
  { from, count, rows: file, force }: SweepOptions,
  signal: AbortSignal,
): Promise<Summary> {
  const { chunkOf, sweepRows } = await import('../../../daemon/headless/plan/run-sweep.ts');
  const { Summing } = await import('../../../daemon/headless/plan/summary.ts');
  const sum = new Summing(from);
  const sink = file === undefined ? undefined : await openRows(file, force === true);
  const bar = progress(count, 'seeds');
  try {
    for await (const rows of sweepRows(maker, { from, count }, chunkOf(count, maker), signal)) {
      for (const row of rows) {
        sum.add(row);
        await sink?.put(JSON.stringify(row));
      }
      bar.update(sum.count, `${sum.count} of ${count}`);
    }
    await sink?.end();
  } finally {
    bar.stop();
    sink?.drop();
  }
  if (sum.count === 0) throw refused('interrupted', 'interrupted before the first seed was done');
  return sum.summary();
}

interface RowFile {
  /** Rejects with what went wrong with the file, then or before. */
  put(line: string): Promise<void>;
  end(): Promise<void>;
  drop(): void;
}

async function openRows(file: string, overwrite: boolean): Promise<RowFile> {
  const sink = createWriteStream(file, { flags: overwrite ? 'w' : 'wx' });
  const failed = (error: unknown): never => {
    throw fileFailure(file, error);
  };
  await once(sink, 'open').catch(failed);
  let failure: unknown;
  sink.on('error', (error) => {
    failure = error;
  });
  return {
    put: async (line) => {
      if (failure !== undefined) failed(failure);
      if (!sink.write(`${line}\n`)) await once(sink, 'drain').catch(failed);
    },
    end: async () => {
      sink.end();
      await finished(sink).catch(failed);
    },
    drop: () => sink.destroy(),
  };
}

/** Whoever makes the rows: threads of this process, or with Redis a queue, which this process works on too unless `local` is false. */
export async function openMaker(
  input: PlanInput,
  { threads, redis, local }: { readonly threads?: number; readonly redis?: string; readonly local: boolean },
): Promise<RowMaker & { close(): Promise<void> }> {
  const { openPool, THREADS } = await import('../../../daemon/headless/plan/pool.ts');
  if (redis === undefined) return openPool(input, threads);
  const { submitSweep } = await import('../../../daemon/headless/plan/queue/submit.ts');
  return submitSweep(redis, input, { threads: local ? (threads ?? THREADS) : 0 });
}
