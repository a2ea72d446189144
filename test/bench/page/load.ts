/**
 * All of Debian's modules are loaded into a machine of a hundred thousand sites, as fast as the daemon takes commands, while
 * the page is live: how smooth it stays, and how far it is behind.
 */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { connect } from '../../../clients/sdk/node.ts';
import type { Position } from '../../../protocol/commit.ts';
import { CLASSES, callClasses } from '../../../protocol/view/static-call.ts';
import { debianModules } from '../../support/debian.ts';
import type { Row } from '../row.ts';
import { busyMachine } from './busy-machine.ts';
import { type Chromium, openEmpty } from './chromium.ts';
import { row, shares, smoothness } from './figures.ts';

const MACHINE = 'busy';
/** Commands without an answer at the same time. */
const AHEAD = 64;

export async function load(chromium: Chromium, url: string, note: (text: string) => void): Promise<readonly Row[]> {
  const client = connect(url);
  const files = await debianModules('arm64', 'linux-image-6.1.0-50-arm64', /^linux-image-6\.1\.[\d.-]+-arm64$/);
  const modules: { readonly blob: string; readonly file: string }[] = [];
  for (const path of files) {
    const file = basename(path);
    const { sha256 } = await client.upload(await readFile(path), file);
    modules.push({ blob: sha256, file });
  }
  await client.boot(MACHINE, busyMachine());
  const machine = client.machine(MACHINE);

  const empty = await openEmpty(chromium);
  const { page, context, take } = await chromium.open();
  await page.goto(`${url}/?m=${MACHINE}`);
  await page.getByRole('button', { name: 'live' }).waitFor();
  await Promise.all([take(), empty.take()]);
  const stop = await chromium.trace();

  /** By commit: when the bench had its answer. */
  const answered = new Map<number, number>();
  const waiting = new Set<Promise<void>>();
  const begin = performance.now();
  let position: Position | undefined;
  for (const { blob, file } of modules) {
    const mine = machine.command({ type: 'load', blob, file }).then((done) => {
      answered.set(done.position.commit, performance.timeOrigin + performance.now());
      if (position === undefined || done.position.commit > position.commit) position = done.position;
    });
    waiting.add(mine);
    void mine.finally(() => waiting.delete(mine));
    if (waiting.size >= AHEAD) await Promise.race(waiting);
  }
  await Promise.all(waiting);
  const seconds = (performance.now() - begin) / 1000;
  const last = position?.commit ?? 0;
  await page.evaluate(`bench.reached(${last})`);
  const [mine, bare, trace] = [await take(), await empty.take(), await stop()];

  const { view } = await machine.view({ brief: true });
  const sites = CLASSES.reduce((sum, name) => sum + callClasses(view.staticCalls)[name], 0);
  note(
    `${last} commits in ${seconds.toFixed(1)} s: ${view.modules.length} modules, ${view.areas.length} areas, ${sites} sites`,
  );
  const lags: number[] = [];
  for (let i = 0; i < mine.frames.length; i++) {
    const commit = mine.shown[i] as number;
    const at = answered.get(commit);
    if (at !== undefined && commit !== mine.shown[i - 1]) lags.push(mine.origin + (mine.frames[i] as number) - at);
  }
  await Promise.all([context.close(), empty.context.close()]);
  client.close();
  return [
    row('load modules', modules.length / seconds, 'modules/s'),
    ...smoothness('load', mine, bare, trace),
    ...shares('load behind', lags),
    row('load last shown', lags.at(-1) ?? Number.NaN, 'ms'),
  ];
}
