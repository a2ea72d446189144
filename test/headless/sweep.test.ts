import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PlanInput } from '../../daemon/headless/plan/input.ts';
import { planOne } from '../../daemon/headless/plan/plan.ts';
import { openPool } from '../../daemon/headless/plan/pool.ts';
import type { Row } from '../../daemon/headless/plan/row.ts';
import { chunkOf, type RowMaker, sweepRows } from '../../daemon/headless/plan/run-sweep.ts';
import { Summing } from '../../daemon/headless/plan/summary.ts';
import { openSweep } from '../../daemon/headless/plan/sweep.ts';
import { hasTruth, modulesOf, recordings } from '../support/truth.ts';
import { crowded, GOOD, inputs, planModule } from './plan-inputs.ts';

const input: PlanInput = { boot: { preset: 'arm64-6.1' }, modules: GOOD.map(planModule) };
/** Others leave so little that it is the seed that decides who fails. */
const tight: PlanInput = { boot: { profile: crowded(14, null) }, modules: GOOD.map(planModule) };
const never = new AbortController().signal;

async function collect(maker: RowMaker, from: number, count: number, chunk: number): Promise<Row[]> {
  const all: Row[] = [];
  for await (const rows of sweepRows(maker, { from, count }, chunk, never)) all.push(...rows);
  return all;
}

describe('a sweep', () => {
  it('PLAN-10: its row at a seed is what a plan at that seed comes to', () => {
    fc.assert(
      fc.property(inputs, fc.array(fc.option(fc.nat(0xffffffff)), { minLength: 1, maxLength: 6 }), (one, seeds) => {
        const sweep = openSweep(one);
        for (const seed of seeds) expect(sweep.row(seed)).toEqual(planOne(one, seed).row);
      }),
      { numRuns: 150 },
    );
  });

  it('PLAN-10: also on real modules, of every recording', { timeout: 300_000 }, async () => {
    if (!hasTruth('rows of sweeps on real modules')) return;
    for (const recording of recordings()) {
      const folder = await modulesOf(recording);
      const { machine, steps } = JSON.parse(readFileSync(recording.scenario, 'utf8'));
      const files: string[] = steps.flatMap((step: { op: string; module: string }) =>
        step.op === 'load' && step.module.endsWith('.ko') ? [step.module] : [],
      );
      const modules = [...new Set(files)].slice(0, 40).map((file) => {
        const bytes = readFileSync(join(folder, file));
        return { file, bytes, sha256: createHash('sha256').update(bytes).digest('hex') };
      });
      const one: PlanInput = { boot: { profile: machine }, modules };
      const sweep = openSweep(one);
      for (const seed of [null, 4_000_000_000]) {
        expect({ recording: recording.name, row: sweep.row(seed) }).toEqual({
          recording: recording.name,
          row: planOne(one, seed).row,
        });
      }
    }
  });

  it('PLAN-10: hardly any row is left for the kernel to decide', () => {
    const sweep = openSweep(input);
    for (let seed = 0; seed < 50; seed++) sweep.row(seed);
    expect(sweep.decided).toBe(1);
    const other = openSweep(tight);
    for (let seed = 0; seed < 50; seed++) other.row(seed);
    expect(other.decided).toBeLessThan(25);
  });

  it('PLAN-11: threads and chunks change nothing', async () => {
    const alone = openSweep(tight);
    const expected = Array.from({ length: 23 }, (_, i) => alone.row(100 + i));
    for (const [threads, chunk] of [
      [1, 5],
      [2, 1],
      [2, 32],
    ] as const) {
      const pool = openPool(tight, threads);
      try {
        expect(JSON.stringify(await collect(pool, 100, 23, chunk))).toBe(JSON.stringify(expected));
      } finally {
        await pool.close();
      }
    }
  });

  it('PLAN-11: a pool that is closed ends what waits for it', async () => {
    const pool = openPool(input, 1);
    const waiting = [pool.rows({ from: 0, count: 1000 }), pool.rows({ from: 1000, count: 1000 })];
    const ended = Promise.allSettled(waiting);
    await pool.close();
    for (const { status } of await ended) expect(status).toBe('rejected');
    await expect(pool.rows({ from: 0, count: 1 })).rejects.toThrow('the sweep was stopped');
  });

  it('PLAN-13: no more chunks are under way than there are workers for, and rows come in order', async () => {
    let under = 0;
    let most = 0;
    const sweep = openSweep(input);
    const maker: RowMaker = {
      width: 3,
      share: 8,
      rows: async ({ from, count }) => {
        under++;
        most = Math.max(most, under);
        // The later chunk is done first.
        await new Promise((resolve) => setImmediate(resolve));
        if (from % 2 === 0) await new Promise((resolve) => setImmediate(resolve));
        under--;
        return Array.from({ length: count }, (_, i) => sweep.row(from + i));
      },
    };
    const rows = await collect(maker, 7, 40, chunkOf(40, maker));
    expect(rows.map(({ seed }) => seed)).toEqual(Array.from({ length: 40 }, (_, i) => 7 + i));
    expect(most).toBe(3);
  });

  it('PLAN-14: an interruption ends it after whole chunks, from the first seed on', async () => {
    const controller = new AbortController();
    const sweep = openSweep(input);
    const maker: RowMaker = { width: 2, share: 8, rows: async ({ from }) => [sweep.row(from)] };
    const seeds: (number | null)[] = [];
    for await (const rows of sweepRows(maker, { from: 0, count: 1000 }, 1, controller.signal)) {
      seeds.push(...rows.map(({ seed }) => seed));
      if (seeds.length === 5) controller.abort();
    }
    expect(seeds).toEqual([0, 1, 2, 3, 4]);
  });
});

describe('the distribution over seeds', () => {
  const row = openSweep(input).row(0);
  const withVeneers = (seed: number, veneers: number): Row => ({ ...row, seed, veneers });

  it('PLAN-12: median and p95 are nearest ranks, and the histogram counts every seed', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(5000), { minLength: 1, maxLength: 300 }), (values) => {
        const sum = new Summing(0);
        for (const [seed, value] of values.entries()) sum.add(withVeneers(seed, value));
        const { veneers, histogram } = sum.summary();
        const sorted = [...values].sort((a, b) => a - b);
        expect(veneers.min).toBe(sorted[0]);
        expect(veneers.max).toBe(sorted.at(-1));
        expect(sorted.filter((value) => value <= veneers.median).length).toBeGreaterThanOrEqual(values.length / 2);
        expect(sorted.filter((value) => value < veneers.median).length).toBeLessThan(values.length / 2);
        expect(sorted.filter((value) => value <= veneers.p95).length).toBeGreaterThanOrEqual(values.length * 0.95);
        expect(histogram.seeds.reduce((all, count) => all + count, 0)).toBe(values.length);
        expect(histogram.seeds.length).toBeLessThanOrEqual(40);
        for (const [i, count] of histogram.seeds.entries()) {
          const low = histogram.from + i * histogram.width;
          expect(values.filter((value) => value >= low && value < low + histogram.width).length).toBe(count);
        }
      }),
    );
  });

  it('PLAN-12: counts how often all load, and which modules fail how often, the most frequent first', () => {
    const failing = (index: number, module: string) => ({
      index,
      module,
      file: `${module}.ko`,
      errno: 'ENOMEM',
      words: `${module} at ${index}`,
      step: 'allocate' as const,
    });
    const sum = new Summing(10);
    for (let seed = 10; seed < 20; seed++) {
      const failed = [...(seed >= 13 ? [failing(2, 'late')] : []), ...(seed === 15 ? [failing(5, 'rare')] : [])];
      sum.add({ ...row, seed, failed, fits: failed.length === 0 });
    }
    const { fits, failures, seeds } = sum.summary();
    expect(seeds).toEqual({ from: 10, count: 10 });
    expect(fits).toMatchObject({ seeds: 3, share: 0.3 });
    // Wilson's interval for 3 of 10.
    expect(fits.low).toBeCloseTo(0.1078, 3);
    expect(fits.high).toBeCloseTo(0.6032, 3);
    expect(failures.map(({ module, seeds: at, firstSeed }) => [module, at, firstSeed])).toEqual([
      ['late', 7, 13],
      ['rare', 1, 15],
    ]);
  });
});
