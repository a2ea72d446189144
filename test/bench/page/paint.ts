/** How soon there is something to see: the first paint and the first picture, in contexts that were never at this daemon. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Row } from '../row.ts';
import type { Chromium } from './chromium.ts';
import { row, share } from './figures.ts';

const ROUNDS = 7;
const EMPTY = '<!doctype html><title>empty</title><p>empty</p>';

interface Painted {
  /** Milliseconds since the address was opened. */
  readonly first: number;
  readonly picture: number;
  /** Bytes that came over the network, compressed as they were. */
  readonly bytes: number;
}

/** `withDemo` has the demo, `without` no machine at all. */
export async function paint(chromium: Chromium, withDemo: string, without: string): Promise<readonly Row[]> {
  const bare = createServer((_, response) => response.setHeader('content-type', 'text/html').end(EMPTY));
  await new Promise<void>((done) => bare.listen(0, '127.0.0.1', done));
  const empty = `http://127.0.0.1:${(bare.address() as AddressInfo).port}`;
  const rounds: { demo: Painted; none: Painted; empty: Painted }[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    rounds.push({
      demo: await painted(chromium, withDemo, 'reached()'),
      none: await painted(chromium, without, 'there("main h2")'),
      empty: await painted(chromium, empty, 'there("p")'),
    });
  }
  bare.close();
  const middle = (page: 'demo' | 'none' | 'empty', what: keyof Painted): number =>
    share(
      rounds.map((round) => round[page][what]),
      0.5,
    );
  const of = (what: keyof Painted, unit: string): readonly Row[] => [
    row(`paint ${what}, demo`, middle('demo', what), unit, middle('empty', what)),
    row(`paint ${what}, no machine`, middle('none', what), unit, middle('empty', what)),
  ];
  return [
    ...of('first', 'ms'),
    ...of('picture', 'ms'),
    row('paint bytes, demo', middle('demo', 'bytes') / 1000, 'kB'),
    row('paint bytes, no machine', middle('none', 'bytes') / 1000, 'kB'),
  ];
}

async function painted(chromium: Chromium, url: string, isThere: string): Promise<Painted> {
  const { page, context } = await chromium.open();
  const session = await context.newCDPSession(page);
  let bytes = 0;
  session.on('Network.loadingFinished', ({ encodedDataLength }) => {
    bytes += encodedDataLength;
  });
  await session.send('Network.enable');
  await page.goto(url, { waitUntil: 'commit' });
  const picture = (await page.evaluate(`bench.${isThere}`)) as number;
  await page.waitForLoadState('networkidle');
  const first = (await page.evaluate('bench.painted()')) as number;
  await context.close();
  return { picture, first, bytes };
}
