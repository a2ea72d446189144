/** A sweep over more seeds than memory holds rows of. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import type { Row } from '../../daemon/headless/plan/row.ts';
import { type RowMaker, sweepRows } from '../../daemon/headless/plan/run-sweep.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const maker = (rows: RowMaker['rows']): RowMaker => ({ width: 2, share: 1, rows });

it('PLAN-13: rows that were taken are let go of while the sweep goes on', async () => {
  const made: WeakRef<object>[] = [];
  const rows = sweepRows(
    maker(async () => {
      await new Promise(setImmediate);
      const chunk: Row[] = [];
      made.push(new WeakRef(chunk));
      return chunk;
    }),
    { from: 0, count: 100 },
    1,
    new AbortController().signal,
  );
  for (let n = 0; n < 50; n++) await rows.next();
  await new Promise(setImmediate);
  collect();
  expect(made.length).toBeGreaterThanOrEqual(50);
  expect(made.filter((chunk) => chunk.deref() !== undefined).length).toBeLessThan(8);
  await rows.return();
});

it('PLAN-14: a sweep ends at once when it is interrupted, whatever its rows do', async () => {
  const interruption = new AbortController();
  const rows = sweepRows(
    maker(() => new Promise(() => undefined)),
    { from: 0, count: 9 },
    1,
    interruption.signal,
  );
  const next = rows.next();
  interruption.abort();
  expect(await next).toEqual({ value: undefined, done: true });
});
