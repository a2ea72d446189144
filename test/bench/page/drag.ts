/**
 * The rail is dragged from one end of a hundred thousand commits to the other and back: how smooth the page stays, and how far
 * what it shows is behind the pointer.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '../../../clients/sdk/node.ts';
import type { Position } from '../../../protocol/commit.ts';
import type { Row } from '../row.ts';
import { type Chromium, openEmpty, type Record } from './chromium.ts';
import { row, shares, smoothness } from './figures.ts';
import { wornLog } from './worn-log.ts';

const MACHINE = 'worn';
const COMMITS = 100_000;
const BATCH = 1_000;
/** Milliseconds in one direction, and between two moves of the pointer. */
const WAY_MS = 5_000;
const MOVE_MS = 16;
/** Steps back, each when the one before is shown. */
const STEPS = 20;

export async function drag(chromium: Chromium, url: string, note: (text: string) => void): Promise<readonly Row[]> {
  const client = connect(url);
  const machine = client.machine(MACHINE);
  const commitOf = await wornLog();
  let position: Position | null = null;
  for (let first = 1; first <= COMMITS; first += BATCH) {
    ({ position } = await machine.append(
      position,
      Array.from({ length: BATCH }, (_, i) => commitOf(first + i)),
    ));
  }
  client.close();
  note(`${COMMITS.toLocaleString('en')} commits appended`);
  return dragged(chromium, url);
}

/** Of a machine that is there. */
export async function dragged(chromium: Chromium, url: string): Promise<readonly Row[]> {
  const empty = await openEmpty(chromium);
  const { page, context, take } = await chromium.open();
  await page.goto(`${url}/?m=${MACHINE}`);
  await page.evaluate(`bench.reached(${COMMITS})`);
  const rail = page.getByRole('slider', { name: 'Position in the log' });
  const box = await rail.boundingBox();
  if (box === null) throw new Error('the rail is not to be seen');
  const { x, width } = box;
  const y = box.y + box.height / 2;

  await page.mouse.move(x + width - 1, y);
  await page.mouse.down();
  await Promise.all([take(), empty.take()]);
  const stop = await chromium.trace();
  const begin = performance.now();
  for (let at = 0; at < 2 * WAY_MS; at = performance.now() - begin) {
    const far = Math.abs(1 - at / WAY_MS);
    await Promise.all([page.mouse.move(x + far * (width - 1), y), sleep(MOVE_MS)]);
  }
  await page.mouse.move(x + width / 2, y);
  await page.mouse.up();
  const middle = (await page.evaluate('bench.settled()')) as number;
  const [mine, bare, trace] = [await take(), await empty.take(), await stop()];
  const { delays, positions } = followed(mine);
  const seconds = ((mine.frames.at(-1) ?? 0) - (mine.frames[0] ?? 0)) / 1000;

  for (let step = 1; step <= STEPS; step++) {
    await page.keyboard.press(',');
    await page.evaluate(`bench.reached(${middle - step})`);
  }
  const back = stepped(await take());
  await Promise.all([context.close(), empty.context.close()]);
  return [
    ...smoothness('drag', mine, bare, trace),
    row('drag wishes', mine.wishes.length / seconds, 'wishes/s'),
    row('drag positions', positions / seconds, 'positions/s'),
    ...shares('drag behind', delays),
    ...shares('step back', back),
  ];
}

/** Milliseconds from a wish to the first frame that shows it, of the wishes that were shown; and how many were. */
function followed({ frames, shown, wishes }: Record): {
  readonly delays: readonly number[];
  readonly positions: number;
} {
  const delays: number[] = [];
  let positions = 0;
  for (let i = 1; i < frames.length; i++) {
    if (shown[i] === shown[i - 1]) continue;
    positions++;
    const now = frames[i] as number;
    const wish = wishes.findLast(([time, at]) => at === shown[i] && time <= now);
    if (wish !== undefined) delays.push(now - wish[0]);
  }
  return { delays, positions };
}

function stepped({ frames, shown, wishes }: Record): readonly number[] {
  const changes = frames.filter((_, i) => i > 0 && shown[i] !== shown[i - 1]);
  return wishes.flatMap(([time]) => {
    const next = changes.find((at) => at >= time);
    return next === undefined ? [] : [next - time];
  });
}
