/**
 * The demo is replayed over and over, at once and at 128 times its pace: what is still in memory after garbage was collected,
 * at the start, half way and at the end. PAGE_MINUTES says for how long; two unless told.
 */
import type { CDPSession, Page } from 'playwright-core';
import type { Row } from '../row.ts';
import type { Chromium } from './chromium.ts';
import { row } from './figures.ts';

const MINUTES = Number(process.env.PAGE_MINUTES ?? 2);
const PACES = ['instant', 'x128'];
const MIB = 1 << 20;

interface Memory {
  /** Bytes that are in use. */
  readonly page: number;
  readonly worker: number;
  readonly nodes: number;
}

export async function memory(chromium: Chromium, url: string, note: (text: string) => void): Promise<readonly Row[]> {
  const { page, context } = await chromium.open();
  const session = await context.newCDPSession(page);
  const worker = await openWorker(session);
  await page.goto(`${url}/?m=demo`);
  await page.getByRole('button', { name: 'live' }).waitFor();
  const speed = page.getByRole('combobox', { name: 'Speed' });

  async function replayUntil(end: number): Promise<number> {
    let rounds = 0;
    while (performance.now() < end || rounds === 0) {
      await page.getByRole('slider', { name: 'Position in the log' }).press('Home');
      await page.evaluate('bench.reached(0)');
      await speed.selectOption(PACES[rounds % PACES.length] as string);
      await page.getByRole('button', { name: 'Play' }).click();
      await page.getByRole('button', { name: 'ended' }).waitFor({ timeout: 120_000 });
      await page.evaluate('void bench.take()');
      rounds++;
    }
    return rounds;
  }

  // What is made once is there after the first round.
  await replayUntil(0);
  const begin = performance.now();
  const half = begin + MINUTES * 30_000;
  const start = await measured(page, session, worker);
  let rounds = await replayUntil(half);
  const middle = await measured(page, session, worker);
  rounds += await replayUntil(half + MINUTES * 30_000);
  const end = await measured(page, session, worker);
  note(`${rounds} replays of the demo in ${((performance.now() - begin) / 60_000).toFixed(1)} minutes`);
  await context.close();
  const of = (what: keyof Memory, unit: string, size: number): readonly Row[] =>
    Object.entries({ start, middle, end }).map(([when, { [what]: value }]) =>
      row(`memory ${what} ${when}`, value / size, unit, when === 'start' ? null : start[what] / size),
    );
  return [...of('page', 'MiB', MIB), ...of('worker', 'MiB', MIB), ...of('nodes', 'nodes', 1)];
}

type Ask = <T>(method: string) => Promise<T>;

/** Asks the page's next worker. It is no target of its own for Playwright: what is said goes through the page's session. */
async function openWorker(session: CDPSession): Promise<Ask> {
  const attached = new Promise<string>((done) =>
    session.on('Target.attachedToTarget', ({ sessionId, targetInfo }) => {
      if (targetInfo.type === 'worker') done(sessionId);
    }),
  );
  const waiting = new Map<number, (result: never) => void>();
  session.on('Target.receivedMessageFromTarget', ({ message }) => {
    const { id, result } = JSON.parse(message) as { readonly id: number; readonly result: never };
    waiting.get(id)?.(result);
    waiting.delete(id);
  });
  await session.send('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: false, flatten: false });
  let asked = 0;
  return async (method) => {
    const id = ++asked;
    const sessionId = await attached;
    const answer = new Promise<never>((done) => waiting.set(id, done));
    await session.send('Target.sendMessageToTarget', { sessionId, message: JSON.stringify({ id, method }) });
    return answer;
  };
}

async function measured(page: Page, session: CDPSession, worker: Ask): Promise<Memory> {
  await page.evaluate('void bench.take()');
  // Finalizers need a second round.
  for (let round = 0; round < 2; round++) {
    await session.send('HeapProfiler.collectGarbage');
    await worker('HeapProfiler.collectGarbage');
  }
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  const { nodes } = await session.send('Memory.getDOMCounters');
  const { usedSize: workers } = await worker<{ readonly usedSize: number }>('Runtime.getHeapUsage');
  return { page: usedSize, worker: workers, nodes };
}
