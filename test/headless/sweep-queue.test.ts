import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PlanInput } from '../../daemon/headless/plan/input.ts';
import { connectQueue, openQueue, type SweepQueue } from '../../daemon/headless/plan/queue/queue.ts';
import { ownRules } from '../../daemon/headless/plan/queue/rules.ts';
import { type Submitted, submitSweep } from '../../daemon/headless/plan/queue/submit.ts';
import { startWork } from '../../daemon/headless/plan/queue/work.ts';
import { sweepRows } from '../../daemon/headless/plan/run-sweep.ts';
import { openSweep } from '../../daemon/headless/plan/sweep.ts';
import { start } from '../e2e/cli-process.ts';
import { noRedisServer, type RedisServer, startRedis } from '../support/redis.ts';
import { crowded, GOOD, planModule } from './plan-inputs.ts';

const input: PlanInput = { boot: { preset: 'arm64-6.1' }, modules: GOOD.map(planModule) };
/** At some seeds modules fail. */
const tight: PlanInput = { boot: { profile: crowded(14, null) }, modules: input.modules };
const skipped = noRedisServer();
if (skipped !== undefined) process.stderr.write(`${skipped}\n`);

describe.skipIf(skipped !== undefined)('a sweep over Redis', { timeout: 240_000 }, () => {
  let redis: RedisServer;
  let connection: ReturnType<typeof connectQueue>;
  let queue: SweepQueue;

  beforeAll(async () => {
    redis = await startRedis();
    connection = connectQueue(redis.url);
    queue = openQueue(connection);
  });
  afterAll(async () => {
    await queue.close();
    connection.disconnect();
    await redis.close();
  });

  const rowsOf = async (maker: Submitted, from: number, count: number, chunk: number): Promise<string> => {
    const lines: string[] = [];
    for await (const rows of sweepRows(maker, { from, count }, chunk, new AbortController().signal))
      for (const row of rows) lines.push(JSON.stringify(row));
    return lines.join('\n');
  };
  const expected = (from: number, count: number, of = input): string => {
    const sweep = openSweep(of);
    return Array.from({ length: count }, (_, i) => JSON.stringify(sweep.row(from + i))).join('\n');
  };

  it('PLAN-20: rows are those of a local sweep, byte by byte, when the submitter works alone', async () => {
    const maker = await submitSweep(redis.url, tight, { threads: 2 });
    try {
      expect(await rowsOf(maker, 50, 40, 8)).toBe(expected(50, 40, tight));
    } finally {
      await maker.close();
    }
  });

  it('PLAN-20, PLAN-23: a worker that is killed in the middle loses nothing, no seed counts twice, and the last one ends in good order', async () => {
    const work = ['plan-worker', '--redis', redis.url, '--threads', '1'];
    const doomed = start(work);
    // It ends by a signal, and nobody waits for its end.
    doomed.done.catch(() => undefined);
    const maker = await submitSweep(redis.url, input, { threads: 0 });
    try {
      const rows = rowsOf(maker, 0, 1500, 16);
      await doomed.until(/seeds \d+ to \d+ for/);
      // It is stopped with a chunk in hand.
      for (;;) {
        doomed.child.kill('SIGSTOP');
        if ((await queue.getActiveCount()) > 0) break;
        doomed.child.kill('SIGCONT');
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect((await queue.getJobCounts('waiting')).waiting).toBeGreaterThan(0);
      doomed.child.kill('SIGKILL');
      const heir = start(work);
      heir.done.catch(() => undefined);
      expect(await rows).toBe(expected(0, 1500));
      heir.child.kill('SIGINT');
      // PLAN-23: it ends by itself, in good order.
      expect((await heir.done).code).toBe(0);
    } finally {
      await maker.close();
    }
  });

  it('PLAN-21: a worker that decides by other rules refuses, and both are named', async () => {
    const work = await startWork(redis.url, 1);
    const maker = await submitSweep(redis.url, input, { threads: 0, rules: '0.0.9 (rules 000000000000)' });
    try {
      const rules = await ownRules();
      await expect(maker.rows({ from: 0, count: 4 })).rejects.toThrow(
        `is veneerd ${rules}, the sweep was submitted by veneerd 0.0.9`,
      );
    } finally {
      await maker.close();
      await work.close();
    }
  });

  it('PLAN-22: nothing waits in Redis once a sweep is over, nor when it is given up', async () => {
    const maker = await submitSweep(redis.url, input, { threads: 0 });
    const given = Promise.allSettled([maker.rows({ from: 0, count: 4 }), maker.rows({ from: 4, count: 4 })]);
    await maker.close();
    for (const { status } of await given) expect(status).toBe('rejected');
    const counts = await queue.getJobCounts();
    expect(Object.values(counts).reduce((sum, count) => sum + count, 0)).toBe(0);
  });

  it('PLAN-20: what Redis has lost is asked for again', async () => {
    const maker = await submitSweep(redis.url, input, { threads: 0 });
    try {
      const rows = maker.rows({ from: 9, count: 3 });
      while ((await queue.getJobCounts('waiting')).waiting === 0) await new Promise((resolve) => setImmediate(resolve));
      await queue.obliterate();
      const work = await startWork(redis.url, 1);
      expect((await rows).map((row) => JSON.stringify(row)).join('\n')).toBe(expected(9, 3));
      await work.close();
    } finally {
      await maker.close();
    }
  });

  it('PLAN-20: a Redis that is not there is named', async () => {
    await expect(submitSweep('redis://127.0.0.1:1', input, { threads: 0 })).rejects.toThrow(/127\.0\.0\.1:1/);
    await expect(submitSweep('http://x', input, { threads: 0 })).rejects.toThrow(/redis:\/\/HOST:PORT/);
  });
});
