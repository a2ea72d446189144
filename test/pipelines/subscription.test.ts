import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import type { EventLog } from '../../daemon/log/log.ts';
import { openMemoryLog } from '../../daemon/log/memory.ts';
import { type Hubs, openHubs } from '../../daemon/pipelines/hubs.ts';
import { type Reader, runSubscription } from '../../daemon/pipelines/subscription.ts';

const EPOCH = 'epoch000001';

/** A reader that takes `room` commits at a time. */
class TestReader implements Reader {
  readonly got: number[] = [];
  readonly lives: number[] = [];
  held = 0;
  private wake: (() => void)[] = [];
  readonly bound: number;

  constructor(bound: number) {
    this.bound = bound;
  }

  commits: Reader['commits'] = ({ entries }) => {
    this.got.push(...entries.map((entry) => entry.number));
    this.held += entries.length;
  };

  live: Reader['live'] = ({ commit }) => {
    this.lives.push(commit);
  };

  share = (): number => 1 << 20;

  full = (): boolean => this.held >= this.bound;

  room = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      const wake = (): void => {
        signal.removeEventListener('abort', wake);
        resolve();
      };
      signal.addEventListener('abort', wake);
      this.wake.push(wake);
      if (!this.full()) this.take();
    });

  take(): void {
    this.held = 0;
    for (const wake of this.wake.splice(0)) wake();
  }
}

async function append(log: EventLog, hubs: Hubs | undefined, number: number): Promise<void> {
  const entry = { id: `c${number}`, text: `{"number":${number}}` };
  if (number === 1) await log.create('m', EPOCH, entry);
  else await log.append('m', EPOCH, number - 1, entry);
  hubs?.publish('m', EPOCH, { number, ...entry });
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function until(met: () => boolean): Promise<void> {
  for (let n = 0; n < 10_000 && !met(); n++) await turn();
  if (!met()) throw new Error('it did not come about');
}

it('SUB-1, SUB-3, SUB-9: whatever the order of appends, reads and stalls, each commit comes once, in order', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom('own', 'other', 'turn', 'take', 'watch'), { minLength: 5, maxLength: 80 }),
      fc.array(fc.record({ from: fc.nat(3), bound: fc.integer({ min: 1, max: 40 }) }), { minLength: 1, maxLength: 4 }),
      async (steps, specs) => {
        const log = openMemoryLog();
        const hubs = openHubs(log);
        const stop = new AbortController();
        let number = 0;
        while (number < 3) await append(log, hubs, ++number);
        const waiting = [...specs];
        const running: { reader: TestReader; from: number; ended: Promise<unknown> }[] = [];
        const start = (): void => {
          const spec = waiting.pop();
          if (spec === undefined) return;
          const reader = new TestReader(spec.bound);
          const at = { epoch: EPOCH, commit: spec.from };
          const ended = runSubscription(hubs, 'm', at, reader, stop.signal);
          running.push({ reader, from: spec.from, ended });
        };
        start();
        for (const step of steps) {
          if (step === 'own') await append(log, hubs, ++number);
          else if (step === 'other') await append(log, undefined, ++number);
          else if (step === 'turn') await turn();
          else if (step === 'watch') start();
          else for (const { reader } of running) reader.take();
        }
        await until(() => {
          for (const { reader } of running) reader.take();
          return running.every(({ reader, from }) => reader.got.length === number - from && reader.lives.length > 0);
        });
        stop.abort();
        await Promise.all(running.map(({ ended }) => ended));
        for (const { reader, from } of running) {
          expect(reader.got).toEqual(Array.from({ length: number - from }, (_, n) => from + n + 1));
          expect(reader.lives.length).toBeGreaterThan(0);
        }
      },
    ),
    { numRuns: 200 },
  );
});

it('SUB-4: one that does not read holds a bounded number of commits, the others go on', async () => {
  const log = openMemoryLog();
  const hubs = openHubs(log);
  const stop = new AbortController();
  await append(log, hubs, 1);
  const [slow, fast] = [new TestReader(10), new TestReader(Number.POSITIVE_INFINITY)];
  const at = { epoch: EPOCH, commit: 0 };
  const ends = [slow, fast].map((reader) => runSubscription(hubs, 'm', at, reader, stop.signal));
  await until(() => slow.lives.length > 0 && fast.lives.length > 0);
  for (let n = 2; n <= 2000; n++) await append(log, hubs, n);
  await until(() => fast.got.length === 2000);
  // What comes together goes out together: the last batch may go over the bound.
  expect(slow.held).toBeGreaterThanOrEqual(slow.bound);
  expect(slow.held).toBeLessThan(2 * slow.bound);
  await until(() => {
    slow.take();
    return slow.got.length === 2000;
  });
  expect(slow.got).toEqual(fast.got);
  stop.abort();
  await Promise.all(ends);
});

it('SUB-6: a removed machine ends its subscriptions and says why', async () => {
  const log = openMemoryLog();
  const hubs = openHubs(log);
  await append(log, hubs, 1);
  const reader = new TestReader(100);
  const at = { epoch: EPOCH, commit: 0 };
  const end = runSubscription(hubs, 'm', at, reader, new AbortController().signal);
  await until(() => reader.lives.length > 0);
  await log.remove('m', EPOCH);
  expect(await end).toMatchObject({ code: 'no-such-machine', temporary: false });
  expect(reader.got).toEqual([1]);
});

it('SUB-1: watchers of one machine share one text and one encoded frame', async () => {
  const log = openMemoryLog();
  const hubs = openHubs(log);
  await append(log, hubs, 1);
  const frames: Uint8Array[] = [];
  const stop = new AbortController();
  const reader = (): Reader => ({
    commits: (batch) => void frames.push(batch.bytes(1, () => new TextEncoder().encode('made'))),
    live: () => {},
    share: () => 1 << 20,
    full: () => false,
    room: async () => {},
  });
  const at = { epoch: EPOCH, commit: 1 };
  const ends = [reader(), reader(), reader()].map((r) => runSubscription(hubs, 'm', at, r, stop.signal));
  await turn();
  await turn();
  await append(log, hubs, 2);
  await until(() => frames.length === 3);
  expect(new Set(frames).size).toBe(1);
  stop.abort();
  await Promise.all(ends);
});
