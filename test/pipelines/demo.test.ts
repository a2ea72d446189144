import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, expect, it } from 'vitest';
import { openMemoryLog } from '../../daemon/log/memory.ts';
import { playDemo } from '../../daemon/pipelines/demo.ts';
import { delayOf, parsePace } from '../../daemon/pipelines/pace.ts';
import { exportSession } from '../../daemon/pipelines/session.ts';
import { bootAndLoad, commitsOf, load, must, openTestRuntime } from './world.ts';

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

it('SES-13: the demo is played, goes on after a restart, and is left alone once it has a life of its own', async () => {
  const file = await sessionFile(6);
  const log = openMemoryLog();
  const first = openTestRuntime(log);
  const stop = new AbortController();
  const playing = playDemo(first, { kind: 'even', totalMs: 700 }, stop.signal, file);
  await expect.poll(async () => (await first.machines()).machines[0]?.head).toBeGreaterThanOrEqual(2);
  stop.abort();
  await playing;
  const before = await commitsOf(first, 'demo');
  expect(before.length).toBeLessThan(7);

  const second = openTestRuntime(log);
  must(await playDemo(second, instant, new AbortController().signal, file));
  const after = await commitsOf(second, 'demo');
  expect(after).toHaveLength(7);
  expect(after.slice(0, before.length)).toEqual(before);
  must(await playDemo(second, instant, new AbortController().signal, file));

  await load(second, 'demo', 'mine');
  expect(await playDemo(second, instant, new AbortController().signal, file)).toMatchObject({ ok: false });
  expect(await commitsOf(second, 'demo')).toHaveLength(8);
});

it('SES-13: a pace is instant, original, a factor, or even over a minute', () => {
  const paces = ['instant', 'original', 'x10', 'x0.5', 'even'].map((word) => parsePace(word));
  expect(paces.map((pace) => pace && delayOf(pace, 1000, 3000, 600))).toEqual([0, 2000, 200, 4000, 100]);
  expect(['', 'x', 'x0', 'x-1', 'fast', 'X2'].map(parsePace)).toEqual(Array(6).fill(undefined));
});
