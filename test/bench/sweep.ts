/**
 * Sweeps over KASLR seeds with all modules of Debian's kernel package: rows a second with one thread, with two, and with two
 * processes over Redis. Raw is one bare loop in one thread that only places the same parts in the same windows, with the
 * kernel's own allocator: no symbols, no branches, no figures. Rounds alternate and the best of each counts: neighbours on the
 * machine disturb all alike.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { booted, type PlanInput } from '../../daemon/headless/plan/input.ts';
import { planOne } from '../../daemon/headless/plan/plan.ts';
import { openPool, type Pool } from '../../daemon/headless/plan/pool.ts';
import { type Submitted, submitSweep } from '../../daemon/headless/plan/queue/submit.ts';
import { type RowMaker, sweepRows } from '../../daemon/headless/plan/run-sweep.ts';
import { allocate, markFreed, type Region } from '../../daemon/kernel/region/region.ts';
import { debianModules } from '../support/debian.ts';
import { noRedisServer, startRedis } from '../support/redis.ts';
import type { Bench, Row } from './row.ts';

const ROUNDS = 3;
const SEEDS = 48;
const CHUNK = 4;
const BIN = fileURLToPath(new URL('../../bin/veneer.mjs', import.meta.url));

export const sweep: Bench = async (note) => {
  const files = await debianModules('arm64', 'linux-image-6.1.0-50-arm64', /^linux-image-6\.1\.[\d.-]+-arm64$/);
  const modules = files.map((file) => {
    const bytes = readFileSync(file);
    return { file: basename(file), bytes, sha256: createHash('sha256').update(bytes).digest('hex') };
  });
  const input: PlanInput = { boot: { preset: 'arm64-6.1' }, modules };
  note(`${files.length} modules`);
  const sizes = partSizes(input);
  const one = openPool(input, 1);
  const two = openPool(input, 2);
  const prepared = performance.now();
  await one.rows({ from: 0, count: 1 });
  const prepare = (performance.now() - prepared) / 1000;
  await Promise.all([warm(two), warm(one)]);
  const processes = noRedisServer() === undefined ? await overRedis(input) : undefined;
  const best = { raw: 0, decide: 0, one: 0, two: 0, processes: 0 };
  for (let round = 0; round < ROUNDS; round++) {
    best.raw = Math.max(best.raw, rawRate(input, sizes));
    best.decide = Math.max(best.decide, decideRate(input, round));
    best.one = Math.max(best.one, await rate(one));
    best.two = Math.max(best.two, await rate(two));
    if (processes) best.processes = Math.max(best.processes, await rate(processes.maker));
    note(`round ${round + 1} of ${ROUNDS}`);
  }
  await Promise.all([one.close(), two.close(), processes?.close()]);
  const row = (metric: string, value: number, unit: string, bare: number | null, ratio: number | null): Row => {
    return { bench: 'sweep', metric, value, unit, raw: bare, ratio };
  };
  return [
    row('one-thread', best.one, 'seeds/s', best.raw, best.one / best.raw),
    row('two-threads', best.two, 'seeds/s', best.one * 2, best.two / (best.one * 2)),
    ...(processes ? [row('two-processes', best.processes, 'seeds/s', best.two, best.processes / best.two)] : []),
    row('decided', best.decide, 'seeds/s', best.raw, best.decide / best.raw),
    row('prepare', prepare, 's', null, null),
  ];
};

const warm = (pool: Pool): Promise<unknown> =>
  Promise.all(Array.from({ length: 2 * pool.threads }, (_, i) => pool.rows({ from: i, count: 2 })));

/** Rows a second. */
async function rate(maker: RowMaker): Promise<number> {
  const begun = performance.now();
  let count = 0;
  const never = new AbortController().signal;
  for await (const rows of sweepRows(maker, { from: 1000, count: SEEDS }, CHUNK, never)) count += rows.length;
  return (count * 1000) / (performance.now() - begun);
}

/** Of each module, what each of its parts takes and whether it is freed after its load. */
function partSizes(input: PlanInput): readonly (readonly { readonly size: number; readonly init: boolean }[])[] {
  return planOne(input, null).modules.map(({ areas }) =>
    areas.map(({ part, size }) => ({ size, init: part.startsWith('init') })),
  );
}

function rawRate(input: PlanInput, sizes: ReturnType<typeof partSizes>): number {
  const { profile, region } = booted(input, null);
  if (!profile) throw new Error('a machine that is booted has a profile');
  const { windows, pageSize } = profile;
  const begun = performance.now();
  for (let seed = 0; seed < SEEDS; seed++) {
    let current: Region = region;
    for (const parts of sizes) {
      const freed: { readonly address: number; readonly size: number }[] = [];
      for (const { size, init } of parts) {
        const got = allocate(current, windows, pageSize, size);
        if (got.kind !== 'allocated') throw new Error('the windows are full');
        current = got.region;
        if (init) freed.push(got.allocation);
      }
      for (const { address, size } of freed) current = markFreed(current, address, size, pageSize, false);
    }
  }
  return (SEEDS * 1000) / (performance.now() - begun);
}

/** What `veneer plan --seed` does: the kernel decides every load. */
function decideRate(input: PlanInput, seed: number): number {
  const begun = performance.now();
  planOne(input, seed);
  return 1000 / (performance.now() - begun);
}

interface Processes {
  readonly maker: Submitted;
  close(): Promise<void>;
}

/** A Redis and two workers of one thread each, warm; this process only submits. */
async function overRedis(input: PlanInput): Promise<Processes> {
  const redis = await startRedis();
  const workers = [startWorker(redis.url), startWorker(redis.url)];
  const maker = await submitSweep(redis.url, input, { threads: 0 });
  // Both have fetched the modules and read them when each has done a chunk.
  await Promise.all([
    ...workers.map((worker) => once(worker.stdout as NodeJS.ReadableStream, 'data')),
    ...Array.from({ length: 16 }, (_, i) => maker.rows({ from: 10_000 + i * 8, count: 8 })),
  ]);
  return {
    maker,
    close: async () => {
      await maker.close();
      for (const worker of workers) {
        worker.kill('SIGKILL');
        await once(worker, 'exit');
      }
      await redis.close();
    },
  };
}

function startWorker(url: string): ChildProcess {
  const args = [BIN, 'plan-worker', '--redis', url, '--threads', '1'];
  return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
}
