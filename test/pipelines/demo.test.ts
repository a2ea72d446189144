import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, expect, it } from 'vitest';
import { openMemoryLog } from '../../daemon/log/memory.ts';
import { playDemo } from '../../daemon/pipelines/demo.ts';
import { dueAfter, parsePace } from '../../daemon/pipelines/pace.ts';
import type { Runtime } from '../../daemon/pipelines/runtime.ts';
import { exportSession } from '../../daemon/pipelines/session.ts';
import { bootAndLoad, commitsOf, load, must, openTestRuntime, stored } from './world.ts';

const folder = mkdtempSync(join(tmpdir(), 'veneerd-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function sessionFile(loads: number): Promise<string> {
  const runtime = openTestRuntime();
  await bootAndLoad(runtime, 'm', loads);
  let text = '';
  for await (const piece of must(await exportSession(runtime.world, 'm'))) text += piece;
  const path = join(folder, `${loads}.veneer.jsonl.gz`);
  writeFileSync(path, gzipSync(text));
  return path;
}

const instant = { kind: 'instant' } as const;
const play = async (runtime: Runtime, file: string) =>
  must(await playDemo(runtime, instant, new AbortController().signal, file));

const bookmark = async (runtime: Runtime, name: string, at: number | null = 1) =>
  must(await runtime.command('demo', { id: `${name}-${at}`, command: { type: 'bookmark', name, at } }));

/** The runtime, where `meddle` is done to it right before the demo's second append. */
function meddled(runtime: Runtime, meddle: () => Promise<unknown>): Runtime {
  let appends = 0;
  return {
    ...runtime,
    async append(...args) {
      appends++;
      if (appends === 2) await meddle();
      return runtime.append(...args);
    },
  };
}

const RECORDED = ['m-boot', ...[1, 2, 3, 4, 5, 6].map((n) => `m-load-m${n}`)];

it('SES-13: the demo is played, goes on after a restart, and is left alone once it has a life of its own', async () => {
  const file = await sessionFile(6);
  const log = openMemoryLog();
  const first = openTestRuntime(log);
  const stop = new AbortController();
  const playing = playDemo(first, { kind: 'even', totalMs: 700 }, stop.signal, file);
  await expect.poll(async () => (await first.machines()).machines[0]?.head).toBeGreaterThanOrEqual(2);
  stop.abort();
  expect(must(await playing)).toEqual({ kind: 'stopped' });
  const before = await commitsOf(first, 'demo');
  expect(before.length).toBeLessThan(7);
  await bookmark(first, 'between');

  const second = openTestRuntime(log);
  expect(await play(second, file)).toEqual({ kind: 'complete' });
  const after = await commitsOf(second, 'demo');
  expect(after.slice(0, before.length)).toEqual(before);
  expect(after.map(({ id }) => id)).toEqual(RECORDED.toSpliced(before.length, 0, 'between-1'));
  expect(await play(second, file)).toEqual({ kind: 'complete' });

  await load(second, 'demo', 'mine');
  expect(await play(second, file)).toEqual({ kind: 'left-alone' });
  expect(await commitsOf(second, 'demo')).toHaveLength(9);
});

it('SES-13: bookmarks that people set meanwhile end no demo: its commits go on after them, numbered anew', async () => {
  const file = await sessionFile(6);
  const log = openMemoryLog();
  const runtime = openTestRuntime(log);
  const meddle = async () => {
    await bookmark(runtime, 'a');
    await bookmark(runtime, 'b');
    await bookmark(runtime, 'a', null);
  };
  expect(await play(meddled(runtime, meddle), file)).toEqual({ kind: 'complete' });
  const commits = await commitsOf(runtime, 'demo');
  expect(commits.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  expect(commits.map(({ id }) => id)).toEqual(RECORDED.toSpliced(1, 0, 'a-1', 'b-1', 'a-null'));
  expect(must(await runtime.bookmarks('demo')).bookmarks.map(({ name }) => name)).toEqual(['b']);

  // More of them than are looked at in one go.
  for (let n = 1; n <= 70; n++) await bookmark(runtime, `m${n}`);
  expect(await play(openTestRuntime(log), file)).toEqual({ kind: 'complete' });
  expect(await commitsOf(runtime, 'demo')).toHaveLength(80);
});

it('SES-13: what changes the machine ends the demo, which says so once', async () => {
  const file = await sessionFile(6);
  const log = openMemoryLog();
  const runtime = openTestRuntime(log);
  const meddle = async () => {
    await load(runtime, 'demo', 'mine');
    await bookmark(runtime, 'after');
  };
  expect(await play(meddled(runtime, meddle), file)).toEqual({
    kind: 'ended',
    why: 'commit 2 (load) made demo a machine of its own',
  });
  expect(await play(openTestRuntime(log), file)).toEqual({ kind: 'left-alone' });
  expect(await commitsOf(runtime, 'demo')).toHaveLength(3);
});

it('SES-13: a demo that is removed while it is played is not made again', async () => {
  const runtime = openTestRuntime();
  const file = await sessionFile(6);
  const played = await play(
    meddled(runtime, () => runtime.remove('demo')),
    file,
  );
  expect(played).toEqual({ kind: 'ended', why: 'demo was removed' });
  expect((await runtime.machines()).machines).toEqual([]);
});

it('SES-13: two daemons that play the demo into one log fill it once', async () => {
  const runtime = openTestRuntime();
  const file = await sessionFile(6);
  expect(
    await play(
      meddled(runtime, () => play(runtime, file)),
      file,
    ),
  ).toEqual({ kind: 'complete' });
  expect((await commitsOf(runtime, 'demo')).map(({ id }) => id)).toEqual(RECORDED);
});

it('SES-13: a machine whose commits have the ids of the session, and say something else, is not the demo', async () => {
  const file = await sessionFile(6);
  const runtime = openTestRuntime();
  must(await runtime.command('demo', { id: 'm-boot', command: { type: 'boot' } }));
  must(await runtime.command('demo', { id: 'm-load-m1', command: { type: 'load', blob: stored('other') } }));
  expect(await play(runtime, file)).toEqual({ kind: 'left-alone' });
  expect(await commitsOf(runtime, 'demo')).toHaveLength(2);
});

it('SES-13: a pace is instant, original, a factor, or even over a minute', () => {
  const paces = ['instant', 'original', 'x10', 'x0.5', 'even'].map((word) => parsePace(word));
  const [first, third] = [
    { number: 1, time: 1000 },
    { number: 3, time: 3000 },
  ];
  expect(paces.map((pace) => pace && dueAfter(pace, first, third, 600))).toEqual([0, 2000, 200, 4000, 200]);
  expect(['', 'x', 'x0', 'x-1', 'fast', 'X2'].map(parsePace)).toEqual(Array(6).fill(undefined));
});
