import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { SNAPSHOT_EVERY } from '../../daemon/limits.ts';
import { openMemoryLog } from '../../daemon/log/memory.ts';
import type { Runtime } from '../../daemon/pipelines/runtime.ts';
import { exportSession } from '../../daemon/pipelines/session.ts';
import { emptyView, fold } from '../../protocol/view/fold.ts';
import { viewDigest, viewJson } from '../../protocol/view/json.ts';
import { bootAndLoad, commitsOf, load, must, openTestRuntime } from './world.ts';

async function sessionOf(runtime: Runtime, name: string): Promise<string> {
  let text = '';
  for await (const piece of exportSession(runtime.world, must(await runtime.head(name)))) text += piece;
  return text;
}

async function* inPieces(text: string | Uint8Array, size = 1000): AsyncGenerator<Uint8Array> {
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text;
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function recorded(loads: number): Promise<string> {
  const runtime = openTestRuntime();
  await bootAndLoad(runtime, 'm', loads);
  return sessionOf(runtime, 'm');
}

it('SES-1: a session goes in and comes out the same, plain and gzip, and the machine works on', async () => {
  const session = await recorded(300);
  for (const file of [session, gzipSync(session)]) {
    const runtime = openTestRuntime();
    expect(must(await runtime.importSession('m', inPieces(file))).commit).toBe(301);
    expect(await sessionOf(runtime, 'm')).toBe(session);
    await load(runtime, 'm', 'another');
  }
});

it('SES-2: anything wrong is refused with its line, and there is no machine', async () => {
  const session = await recorded(4);
  const lines = session.trimEnd().split('\n');
  const replaced = (index: number, from: string | RegExp, to: string): string =>
    lines.with(index, (lines[index] ?? '').replace(from, to)).join('\n');
  const broken: readonly (readonly [string, string | Uint8Array, RegExp])[] = [
    ['no header', lines.slice(1).join('\n'), /^line 1: expected a header/],
    ['no footer', lines.slice(0, -1).join('\n'), /^line 7: expected a footer/],
    ['no JSON', lines.with(2, '{').join('\n'), /^line 3: not JSON/],
    ['a commit left out', lines.toSpliced(3, 1).join('\n'), /^line 4: commit 4: expected commit 3/],
    ['a commit twice', lines.toSpliced(3, 0, lines[2] ?? '').join('\n'), /^line 4: the command id .* twice/],
    ['another digest', replaced(6, /"digest":"./, '"digest":"x'), /^line 7/],
    ['a fact altered', replaced(3, '"direct"', '"fallback"'), /^line 7: digest/],
    ['a module from nowhere', replaced(3, /"ModuleLive","module":"m2"/, '"ModuleLive","module":"mx"'), /^line 4: /],
    ['another count', replaced(6, '"commits":5', '"commits":6'), /^line 7: 5 commits, not 6/],
    ['something after the footer', `${session}{}\n`, /^line 8: expected nothing after the footer/],
    ['a newer version', replaced(2, '"v":1', '"v":99'), /^line 3: v: .* newer veneerd/],
    ['a prototype', replaced(2, '"v":1', '"__proto__":{},"v":1'), /^line 3: .*__proto__/],
    ['an abyss', lines.with(2, '['.repeat(100_000)).join('\n'), /^line 3: .*nested/],
    ['bytes that are no UTF-8', Uint8Array.of(0x7b, 0xff, 0x0a), /^line 1: not UTF-8/],
    ['a gzip file cut off', gzipSync(session).subarray(0, -20), /^gzip: /],
    ['nothing', '', /empty/],
  ];
  for (const [what, file, message] of broken) {
    const mistakes: unknown[] = [];
    const runtime = openTestRuntime(openMemoryLog(), mistakes);
    const outcome = await runtime.importSession('m', inPieces(file));
    expect(outcome, what).toMatchObject({ ok: false, error: { code: 'bad-session', temporary: false } });
    expect(outcome.ok ? '' : outcome.error.message, what).toMatch(message);
    expect(await runtime.machines(), what).toEqual([]);
    expect(mistakes, what).toEqual([]);
  }
});

it('SES-3: an import that was cut short goes on; any other machine of that name exists already', async () => {
  const session = await recorded(5);
  const source = openTestRuntime();
  must(await source.importSession('m', inPieces(session)));
  const commits = await commitsOf(source, 'm');
  const runtime = openTestRuntime();
  must(await runtime.append('m', null, commits.slice(0, 3)));
  must(await runtime.importSession('m', inPieces(session)));
  expect(await sessionOf(runtime, 'm')).toBe(session);
  await load(runtime, 'm', 'later');
  expect(await runtime.importSession('m', inPieces(session))).toMatchObject({ error: { code: 'machine-exists' } });
  await bootAndLoad(runtime, 'other', 1);
  expect(await runtime.importSession('other', inPieces(session))).toMatchObject({ error: { code: 'machine-exists' } });
});

it('VIEW-1, VIEW-2: the view at any position is the fold up to it, with snapshots, without, and with broken ones', async () => {
  const log = openMemoryLog();
  const runtime = openTestRuntime(log);
  await bootAndLoad(runtime, 'm', 20);
  await runtime.view('m');
  for (let n = 22; n <= SNAPSHOT_EVERY + 10; n++) {
    must(await runtime.command('m', { id: `u${n}`, command: { type: 'unload', module: 'none' } }));
  }
  const { epoch } = must(await runtime.head('m'));
  await expect
    .poll(() => log.latestSnapshot('m', epoch, Number.MAX_SAFE_INTEGER))
    .toMatchObject({
      number: SNAPSHOT_EVERY,
    });
  await log.putSnapshot('m', epoch, 500, Uint8Array.of(1, 2, 3));
  const commits = await commitsOf(runtime, 'm');
  const view = emptyView();
  const probes = new Set([
    0,
    1,
    7,
    499,
    500,
    501,
    SNAPSHOT_EVERY - 1,
    SNAPSHOT_EVERY,
    SNAPSHOT_EVERY + 1,
    commits.length,
  ]);
  for (let at = 0; at <= commits.length; at++) {
    const commit = commits[at - 1];
    if (commit !== undefined) fold(view, commit);
    if (!probes.has(at)) continue;
    const asked = must(await runtime.view('m', at));
    expect(asked).toEqual({ position: { epoch, commit: at }, text: JSON.stringify(viewJson(view)) });
  }
  expect(must(await runtime.view('m')).text).toBe(JSON.stringify(viewJson(view)));
  expect(must(await openTestRuntime(log).view('m')).text).toBe(JSON.stringify(viewJson(view)));
  expect(viewDigest(view)).toHaveLength(64);
  expect(await runtime.view('m', commits.length + 1)).toMatchObject({ error: { code: 'position-ahead' } });
  expect(await runtime.view('none')).toMatchObject({ error: { code: 'no-such-machine' } });
});
