import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { openMemoryLog } from '../../daemon/log/memory.ts';
import type { Runtime } from '../../daemon/pipelines/runtime.ts';
import { exportSession } from '../../daemon/pipelines/session.ts';
import { emptyView, fold } from '../../protocol/view/fold.ts';
import { viewDigest, viewFromJson, viewJson } from '../../protocol/view/json.ts';
import { bootAndLoad, commitsOf, load, must, openTestRuntime } from './world.ts';

async function sessionOf(runtime: Runtime, name: string): Promise<string> {
  let text = '';
  for await (const piece of must(await exportSession(runtime.world, name))) text += piece;
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

/** All but the header, which says which machine it was. */
const body = (session: string): string => session.slice(session.indexOf('\n') + 1);

it('SES-10: a session goes in and comes out the same, plain and gzip, and the machine works on', async () => {
  const session = await recorded(300);
  for (const file of [session, gzipSync(session)]) {
    const runtime = openTestRuntime();
    const position = must(await runtime.importSession('m', inPieces(file)));
    expect(position.commit).toBe(301);
    const again = await sessionOf(runtime, 'm');
    expect(body(again)).toBe(body(session));
    expect(JSON.parse(again.split('\n')[0] ?? '')).toEqual({
      ...JSON.parse(session.split('\n')[0] ?? ''),
      epoch: position.epoch,
    });
    await load(runtime, 'm', 'another');
  }
});

it('SES-11, SES-14: anything wrong is refused with its line, and there is no machine', async () => {
  const session = await recorded(4);
  const lines = session.trimEnd().split('\n');
  const replaced = (index: number, from: string | RegExp, to: string): string =>
    lines.with(index, (lines[index] ?? '').replace(from, to)).join('\n');
  const broken: readonly (readonly [string, string | Uint8Array, RegExp])[] = [
    ['no header', lines.slice(1).join('\n'), /^line 1: expected a header/],
    ['no footer', lines.slice(0, -1).join('\n'), /^line 7: expected a footer/],
    ['no JSON', lines.with(2, '{').join('\n'), /^line 3: not JSON/],
    ['a commit left out', lines.toSpliced(3, 1).join('\n'), /^line 4: expected commit 3, found commit 4$/],
    ['a commit twice', lines.toSpliced(3, 0, lines[2] ?? '').join('\n'), /^line 4: expected commit 3, found commit 2$/],
    [
      'an id twice',
      replaced(3, '"id":"m-load-m2"', '"id":"m-load-m1"'),
      /^line 4: the command id m-load-m1 is there twice$/,
    ],
    ['another digest', replaced(6, /"digest":"./, '"digest":"x'), /^line 7/],
    ['a fact altered', replaced(3, '"direct"', '"fallback"'), /^line 7: digest/],
    ['a module from nowhere', replaced(3, /"ModuleLive","module":"m2"/, '"ModuleLive","module":"mx"'), /^line 4: /],
    [
      'another count',
      replaced(6, '"commits":5', '"commits":6'),
      /^line 7: the footer counts 6 commits, the file holds 5$/,
    ],
    ['something after the footer', `${session}{}\n`, /^line 8: expected nothing after the footer/],
    ['a newer version', replaced(2, '"v":1', '"v":99'), /^line 3: v: .* newer veneerd/],
    ['a prototype', replaced(2, '"v":1', '"__proto__":{},"v":1'), /^line 3: .*__proto__/],
    ['an abyss', lines.with(2, '['.repeat(100_000)).join('\n'), /^line 3: .*nested/],
    ['bytes that are no UTF-8', Uint8Array.of(0x7b, 0xff, 0x0a), /^line 1: not UTF-8/],
    ['a gzip file cut off', gzipSync(session).subarray(0, -20), /^line \d+: expected a footer, the file is cut off$/],
    ['gzip that is damaged', gzipSync(session).fill(0xff, 40, 60), /^line \d+: gzip: /],
    ['a session of a later format', replaced(0, 'session@1', 'session@2'), /^line 1: format: .* newer veneerd$/],
    [
      'a segment',
      replaced(0, '{', `{"from":7,"base":"${'0'.repeat(64)}",`),
      /^line 1: this is a segment, which begins with commit 7: join it .*veneer session merge/,
    ],
    ['nothing', '', /empty/],
  ];
  for (const [what, file, message] of broken) {
    const mistakes: unknown[] = [];
    const runtime = openTestRuntime(openMemoryLog(), mistakes);
    const outcome = await runtime.importSession('m', inPieces(file));
    expect(outcome, what).toMatchObject({ ok: false, error: { code: 'bad-session', temporary: false } });
    expect(outcome.ok ? '' : outcome.error.message, what).toMatch(message);
    expect((await runtime.machines()).machines, what).toEqual([]);
    expect(mistakes, what).toEqual([]);
  }
});

it('SES-12: the same session sent again is answered as the first time; any other machine of that name exists already', async () => {
  const session = await recorded(5);
  const runtime = openTestRuntime();
  const first = must(await runtime.importSession('m', inPieces(session)));
  expect(must(await runtime.importSession('m', inPieces(session)))).toEqual(first);
  await load(runtime, 'm', 'later');
  expect(must(await runtime.importSession('m', inPieces(session)))).toEqual(first);
  expect(must(await runtime.head('m')).head).toBe(first.commit + 1);
  await bootAndLoad(runtime, 'other', 1);
  expect(await runtime.importSession('other', inPieces(session))).toMatchObject({ error: { code: 'machine-exists' } });
  const longer = await recorded(6);
  expect(await runtime.importSession('m', inPieces(longer))).toMatchObject({ error: { code: 'machine-exists' } });
});

it('SES-12: of several imports under one name one is the machine', async () => {
  const [one, two] = [await recorded(3), (await recorded(3)).replaceAll('"id":"m-', '"id":"n-')];
  const runtime = openTestRuntime();
  const outcomes = await Promise.all(
    [one, two, one].map((session) => runtime.importSession('m', inPieces(session, 500))),
  );
  const made = outcomes.filter((outcome) => outcome.ok).map((outcome) => outcome.value);
  expect(new Set(made.map(({ epoch }) => epoch)).size).toBe(1);
  expect(made.length === 2 || made.length === 1).toBe(true);
  for (const outcome of outcomes) if (!outcome.ok) expect(outcome.error.code).toBe('machine-exists');
  expect([body(one), body(two)]).toContain(body(await sessionOf(runtime, 'm')));
});

it('VIEW-1: the view at any position is the fold up to it, with snapshots, without, and with broken ones', async () => {
  const log = openMemoryLog();
  const runtime = openTestRuntime(log);
  await bootAndLoad(runtime, 'm', 20);
  const { commit: kept, epoch } = must(await runtime.world.snapshots.ensure('m'));
  expect(kept).toBe(21);
  for (let n = 22; n <= 60; n++) {
    must(await runtime.command('m', { id: `u${n}`, command: { type: 'unload', module: 'none' } }));
  }
  await log.putSnapshot('m', epoch, 50, Uint8Array.of(1, 2, 3));
  const commits = await commitsOf(runtime, 'm');
  const view = emptyView();
  for (let at = 0; at <= commits.length; at++) {
    const commit = commits[at - 1];
    if (commit !== undefined) fold(view, commit);
    const asked = must(await runtime.view('m', at));
    expect(asked).toEqual({ position: { epoch, commit: at }, text: JSON.stringify(viewJson(view)) });
  }
  expect(must(await runtime.view('m')).text).toBe(JSON.stringify(viewJson(view)));
  expect(must(await openTestRuntime(log).view('m')).text).toBe(JSON.stringify(viewJson(view)));
  expect(await runtime.view('m', commits.length + 1)).toMatchObject({ error: { code: 'position-ahead' } });
  expect(await runtime.view('none')).toMatchObject({ error: { code: 'no-such-machine' } });
});

it('SES-15: a machine that was trimmed goes out as a segment with the digest of the view before it', async () => {
  const log = openMemoryLog();
  const runtime = openTestRuntime(log);
  await bootAndLoad(runtime, 'm', 9);
  const whole = await sessionOf(runtime, 'm');
  const { epoch, commit } = must(await runtime.world.snapshots.ensure('m'));
  for (const name of ['x', 'y', 'z']) await load(runtime, 'm', name);
  expect(await log.trim('m', epoch, commit)).toEqual({ status: 'trimmed', first: 11 });
  const [header = '', ...rest] = (await sessionOf(runtime, 'm')).trimEnd().split('\n');
  const before = JSON.parse(whole.trimEnd().split('\n').at(-1) ?? '') as { digest: string };
  expect(JSON.parse(header)).toMatchObject({
    machine: 'm',
    epoch,
    from: 11,
    base: before.digest,
    profile: { arch: 'arm64' },
  });
  expect(rest).toHaveLength(4);
  const view = viewFromJson(JSON.parse(must(await runtime.view('m')).text));
  expect(JSON.parse(rest.at(-1) ?? '')).toEqual({ end: true, commits: 3, digest: viewDigest(view) });
});
