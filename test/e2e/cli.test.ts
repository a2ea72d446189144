import { createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, connect } from '../../clients/sdk/node.ts';
import { type Daemon, startDaemon } from '../../daemon/daemon.ts';
import type { Commit } from '../../protocol/commit.ts';
import { SESSION_FORMAT } from '../../protocol/session.ts';
import { emptyView, fold } from '../../protocol/view/fold.ts';
import { viewDigest } from '../../protocol/view/json.ts';
import { session } from '../cli/sessions.ts';
import { fixturePath } from '../fixtures/fixtures.ts';
import { type Run, start } from './cli-process.ts';

const PATIENCE = 60_000;
/** What the fixtures are built for. */
const PROFILE = { vermagic: '6.1.0-fixture SMP mod_unload aarch64', openSymbols: true };
const HELLO = fixturePath('hello.ko');

describe('the command line against a daemon', { timeout: PATIENCE }, () => {
  let daemon: Daemon;
  let folder: string;
  let client: Client;
  const veneer = (...args: readonly string[]): Promise<Run> => start(args, { VENEERD_URL: daemon.url }).done;
  const json = async (...args: readonly string[]): Promise<unknown> => {
    const { code, out, err } = await veneer(...args, '--json');
    expect({ code, err: code === 0 ? '' : err }).toEqual({ code: 0, err: '' });
    return JSON.parse(out);
  };
  // A process for each command is slow: what a test only needs around it goes through the SDK.
  const boot = (name: string) => client.boot(name, { preset: 'arm64-6.1', profile: PROFILE });
  const remove = (name: string) => client.machine(name).remove();
  const lines = (out: string): unknown[] =>
    out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);

  beforeAll(async () => {
    daemon = await startDaemon({
      host: '127.0.0.1',
      port: 0,
      stores: { memory: true },
      demo: 'off',
      logLevel: 'silent',
    });
    folder = await mkdtemp(join(tmpdir(), 'veneerd-cli-'));
    client = connect(daemon.url);
    // The first start makes the bundle: the tests that follow in parallel find it.
    await veneer('--version');
  }, PATIENCE);
  afterAll(async () => {
    client.close();
    await daemon.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('CLI-4: with no machine, one and several the message says what to do', async () => {
    const none = await veneer('modules');
    expect(none).toMatchObject({ code: 2, out: '' });
    expect(none.err).toMatch(/no machine yet: create one with `veneer boot NAME`/);
    await boot('one');
    expect(await json('modules')).toEqual([]);
    await boot('two');
    const several = await veneer('modules', '--json');
    expect(several.code).toBe(2);
    expect(several.err).toMatch(/which machine\? .*: one, two/);
    const chosen = start(['modules', '--json'], { VENEERD_URL: daemon.url, VENEERD_MACHINE: 'one' });
    expect((await chosen.done).out).toBe('[]\n');
    expect(await json('remove', 'two')).toEqual({ removed: 'two' });
    await remove('one');
  });

  it('CLI-2: exit codes tell refusals, mistakes and a daemon that is not there apart', async () => {
    const profile = join(folder, 'profile.json');
    await writeFile(profile, JSON.stringify({ machine: { ...PROFILE, pageSize: 4096 } }));
    const booted = await json('boot', 'codes', '--preset', 'arm64-6.12-16k', '--profile', profile, '--kaslr', '7');
    expect(booted).toMatchObject({
      machine: 'codes',
      position: { commit: 1 },
      profile: { pageSize: 4096, kaslrSeed: 7 },
    });
    const again = await veneer('boot', 'codes', '--json');
    expect(again.code).toBe(1);
    expect(JSON.parse(again.out)).toMatchObject({ error: { code: 'machine-exists' } });
    expect((await veneer('bogus')).code).toBe(2);
    expect((await veneer('load', '-m', 'codes', join(folder, 'absent.ko'))).code).toBe(2);
    expect((await veneer('boot', 'x', '--kaslr', 'x')).code).toBe(2);
    expect((await veneer('modules', '-m', 'nobody')).code).toBe(1);
    for (const command of [['machines'], ['load', '-m', 'x', HELLO], ['watch', '-m', 'x']]) {
      const away = await veneer(...command, '--url', 'http://127.0.0.1:9');
      expect(away).toMatchObject({ code: 3, out: '' });
      expect(away.err).toMatch(/no daemon answers at http:\/\/127\.0\.0\.1:9 .*npm start/);
    }
    await remove('codes');
  });

  it('CLI-3: with --json a failure is JSON too, and stdout stays JSON for mistakes', async () => {
    const mistake = await veneer('bogus', '--json');
    expect(JSON.parse(mistake.out)).toMatchObject({ error: { code: 'usage' } });
    const away = await veneer('machines', '--json', '--url', 'http://127.0.0.1:9');
    expect(JSON.parse(away.out)).toMatchObject({ error: { code: 'unreachable' } });
  });

  it('CLI-5: every command has help with an example', async () => {
    const { out } = await veneer('--help');
    const names = [...(out.split('Commands:')[1] ?? '').matchAll(/^ {2}([a-z]+) /gm)].map(([, name]) => name ?? '');
    expect(names.length).toBeGreaterThan(14);
    for (const name of names.filter((each) => each !== 'help')) {
      const help = await veneer(name, '--help');
      expect(help.code).toBe(0);
      expect(help.out).toMatch(new RegExp(`Examples:\n {2}\\$ veneer ${name}`));
    }
  });

  it('CLI-1: what is loaded reads the same in every command, as JSON and as text without escapes', async () => {
    await boot('lab');
    const files = ['chain-a.ko', 'chain-b.ko', 'hello.ko.xz'].map(fixturePath);
    const loaded = await veneer('load', '-m', 'lab', ...files, '--json');
    expect(loaded.code).toBe(0);
    const reports = lines(loaded.out);
    expect(reports).toMatchObject([
      { module: 'chain_a', commit: 2, ok: true, allocations: [{ part: 'core', window: 'direct' }, { part: 'init' }] },
      { module: 'chain_b', commit: 3, ok: true },
      { module: 'hello', commit: 4, ok: true },
    ]);
    expect(await json('modules', '-m', 'lab')).toMatchObject([
      { name: 'hello', state: 'LIVE', window: 'direct' },
      { name: 'chain_b', usedBy: [] },
      { name: 'chain_a', usedBy: ['chain_b'] },
    ]);
    expect(await json('module', 'chain-a', '-m', 'lab')).toMatchObject({ name: 'chain_a', usedBy: ['chain_b'] });
    expect(await json('view', '-m', 'lab')).toMatchObject({ position: { commit: 4 }, view: { commit: 4 } });
    expect(await json('view', '-m', 'lab', '--at', '2')).toMatchObject({
      view: { commit: 2, modules: [{ name: 'chain_a' }] },
    });
    expect(await json('plt', '-m', 'lab')).toEqual([]);
    expect(await json('map', '-m', 'lab')).toMatchObject({ windows: [{ window: 'direct' }, { window: 'fallback' }] });
    expect(await json('machines')).toMatchObject([{ name: 'lab', position: { commit: 4 } }]);
    for (const command of ['modules', 'map', 'plt', 'view', 'machines', 'digest', 'module']) {
      const { code, out } = await veneer(command, ...(command === 'module' ? ['hello'] : []), '-m', 'lab');
      expect(code).toBe(0);
      expect(out).toMatch(/^\P{Cc}+\n/u);
    }
    await remove('lab');
  });

  it('CLI-14: load stops at the first refusal, with the words of the kernel', async () => {
    await boot('stops');
    const { code, out, err } = await veneer('load', '-m', 'stops', HELLO, HELLO, fixturePath('chain-a.ko'), '--json');
    expect(code).toBe(1);
    expect(lines(out)).toMatchObject([
      { ok: true },
      { ok: false, errno: 'EEXIST', words: expect.stringContaining('hello') },
    ]);
    expect(err).toMatch(/EEXIST: .*hello/);
    expect(err).toMatch(/1 of 3 loaded, 1 refused, 1 not tried/);
    const failing = await veneer('load', '-m', 'stops', fixturePath('chain-a.ko'), '--init-result', 'ENODEV', '--json');
    expect(lines(failing.out)).toMatchObject([{ module: 'chain_a', ok: false, errno: 'ENODEV', step: 'init' }]);
    const held = await veneer('unload', 'hello', 'absent', '-m', 'stops', '--json');
    expect(held.code).toBe(1);
    expect(lines(held.out)).toMatchObject([
      { module: 'hello', ok: true },
      { module: 'absent', ok: false, errno: 'ENOENT' },
    ]);
    await remove('stops');
  });

  it('CLI-15: load --deps brings what a module needs', async () => {
    await boot('deps');
    const ko = fixturePath('');
    const { code, out } = await veneer('load', 'chain-c', '--deps', ko, '-m', 'deps', '--json');
    expect(code).toBe(0);
    expect(lines(out)).toMatchObject([{ module: 'chain_a' }, { module: 'chain_b' }, { module: 'chain_c' }]);
    await remove('deps');
  });

  it.each(['gz', 'xz', 'zst'])('CLI-15: load --deps asks a .ko.%s what it needs', async (suffix) => {
    const machine = `deps-${suffix}`;
    await boot(machine);
    const file = fixturePath(`hello.ko.${suffix}`);
    const run = await veneer('load', file, '--deps', fixturePath(''), '-m', machine);
    expect({ code: run.code, err: run.err }).toEqual({ code: 0, err: '' });
    await remove(machine);
  });

  it('CLI-21: what boot is not told of an invented machine is arm64 linux-6.1', async () => {
    expect(await json('boot', 'told', '--layout', 'linux-6.12')).toMatchObject({
      profile: { arch: 'arm64', layout: 'linux-6.12' },
    });
    expect(await json('boot', 'told', '--erratum', '843419', '--replace')).toMatchObject({
      profile: { arch: 'arm64', layout: 'linux-6.1', errata: ['843419'] },
    });
    await remove('told');
  });

  it('CLI-17: watch shows the events that were asked for, and replays at a pace', async () => {
    await boot('chosen');
    expect((await veneer('load', '-m', 'chosen', HELLO)).code).toBe(0);
    const all = await veneer('watch', '-m', 'chosen', '--pace', 'instant');
    expect(all.out).toMatch(/MachineBooted[\s\S]*ModuleLive +hello[\s\S]*MemoryFreed/);
    const some = await veneer('watch', '-m', 'chosen', '--pace', 'x1000', '--kind', 'ModuleLive', '--module', 'hello');
    expect(some.out.trim()).toMatch(/^2 +ModuleLive +hello$/);
    const json = await veneer('watch', '-m', 'chosen', '--pace', 'instant', '--json', '--from', '1', '--key', 'none');
    expect([json.code, json.out]).toEqual([0, '']);
    const bad = await veneer('watch', '-m', 'chosen', '--address', '5-3');
    expect([bad.code, bad.err]).toEqual([2, expect.stringContaining('FROM-TO')]);
    await remove('chosen');
  });

  it('CLI-17: watch shows every event, is live, and ends well on Ctrl-C', async () => {
    await boot('watched');
    const watch = start(['watch', '-m', 'watched', '--from', 'start', '--json'], { VENEERD_URL: daemon.url });
    const words = start(['watch', '-m', 'watched'], { VENEERD_URL: daemon.url });
    await Promise.all([watch.until(/live: watched@/), words.until(/live: watched@/)]);
    expect((await veneer('load', '-m', 'watched', HELLO)).code).toBe(0);
    await Promise.all([watch.until(/"number":2.*"ModuleLive"/), words.until(/ModuleLive +hello[\s\S]*MemoryFreed/)]);
    watch.child.kill('SIGINT');
    words.child.kill('SIGINT');
    const [asJson, asWords] = await Promise.all([watch.done, words.done]);
    expect([asJson.code, asWords.code]).toEqual([0, 0]);
    const commits = lines(asJson.out) as Commit[];
    expect(commits.map(({ number }) => number)).toEqual([1, 2]);
    const types = asWords.out
      .trimEnd()
      .split('\n')
      .map((line) => line.trim().split(/ +/)[1]);
    expect(types).toEqual(commits[1]?.events.map(({ type }) => type));
    await remove('watched');
  });

  it('SES-6: what is recorded replays to the same digest, at any speed and without the module files', async () => {
    await boot('source');
    const files = ['chain-a.ko', 'hello.ko', 'chain-a.ko'].map(fixturePath);
    await veneer('load', '-m', 'source', ...files);
    await veneer('unload', '-m', 'source', 'hello');
    const file = join(folder, 'a.veneer.jsonl.gz');
    const recorded = (await json('record', file, '-m', 'source', '--until-live')) as { digest: string };
    expect(recorded).toMatchObject({ machine: 'source', commits: 5 });
    expect(await json('digest', '-m', 'source')).toMatchObject({ digest: recorded.digest });
    const view = emptyView();
    for (const line of gunzipSync(await readFile(file))
      .toString()
      .trimEnd()
      .split('\n')
      .slice(1, -1)) {
      fold(view, JSON.parse(line) as Commit);
    }
    expect(viewDigest(view)).toBe(recorded.digest);
    for (const speed of ['instant', 'x10000']) {
      const replayed = await json('replay', file, '--into', 'copy', '--speed', speed);
      expect(replayed).toMatchObject({
        machine: 'copy',
        digest: recorded.digest,
        recorded: recorded.digest,
        equal: true,
      });
      await remove('copy');
    }
    const taken = await veneer('replay', file);
    expect(taken).toMatchObject({ code: 1 });
    expect(taken.err).toMatch(/machine source exists: replay into another with --into NAME/);
    await remove('source');
  });

  it('SES-7: a recording that Ctrl-C ends is whole, and is not overwritten', async () => {
    await boot('live');
    const file = join(folder, 'live.veneer.jsonl');
    const record = start(['record', file, '-m', 'live'], { VENEERD_URL: daemon.url });
    await record.until(/recording live/);
    await veneer('load', '-m', 'live', HELLO);
    const watch = start(['watch', '-m', 'live', '--from', 'start'], { VENEERD_URL: daemon.url });
    await watch.until(/ModuleLive/);
    watch.child.kill('SIGINT');
    await watch.done;
    record.child.kill('SIGINT');
    expect((await record.done).code).toBe(0);
    expect(await json('replay', file, '--into', 'again')).toMatchObject({ equal: true });
    const second = await veneer('record', file, '-m', 'live', '--until-live');
    expect(second.code).toBe(2);
    expect(second.err).toMatch(/live\.veneer\.jsonl: exists already/);
    expect(await json('record', file, '-m', 'live', '--until-live', '--force')).toMatchObject({ machine: 'live' });
    await remove('live');
    await remove('again');
  });

  it('SES-8: of a damaged file nothing is replayed, of one that was cut off what is whole', async () => {
    await boot('origin');
    await veneer('load', '-m', 'origin', HELLO);
    const file = join(folder, 'b.veneer.jsonl');
    await json('record', file, '-m', 'origin', '--until-live');
    const text = await readFile(file, 'utf8');
    const damaged = join(folder, 'damaged.veneer.jsonl');
    await writeFile(damaged, text.replace('"number":2', '"number":3'));
    const refused = await veneer('replay', damaged, '--into', 'damaged', '--json');
    expect(refused.code).toBe(2);
    expect(refused.err).toMatch(/damaged\.veneer\.jsonl:3: expected commit 2, found commit 3/);
    const cut = join(folder, 'cut.veneer.jsonl');
    await writeFile(cut, text.slice(0, text.lastIndexOf('{"end"')));
    const partial = await veneer('replay', cut, '--into', 'cut', '--json');
    expect(partial.code).toBe(1);
    expect(JSON.parse(partial.out)).toMatchObject({
      machine: 'cut',
      position: { commit: 2 },
      recorded: null,
      equal: null,
    });
    expect(partial.err).toMatch(/cut\.veneer\.jsonl was cut off after commit 2/);
    expect(((await json('machines')) as { name: string }[]).map(({ name }) => name)).toEqual(['cut', 'origin']);
    await remove('cut');
    await remove('origin');
  });

  it('CLI-12: boot says how to get a kallsyms file that is not hidden', async () => {
    const file = join(folder, 'kallsyms');
    await writeFile(file, '0000000000000000 T _text\n0000000000000000 T _etext\n');
    const { code, err } = await veneer('boot', 'hidden', '--kallsyms', file, '--layout', 'linux-6.1');
    expect(code).toBe(2);
    expect(err).toMatch(/kptr_restrict/);
  });

  it('CLI-10: boot takes image and exports from a System.map, the windows follow', async () => {
    const file = join(folder, 'System.map');
    await writeFile(
      file,
      [
        'ffff800008000000 T _text',
        'ffff800008010000 T _printk',
        'ffff800008d00000 D _etext',
        'ffff800009000000 r __ksymtab__printk',
        'ffff80000a010000 B _end\n',
      ].join('\n'),
    );
    const booted = await json('boot', 'mapped', '--system-map', file, '--layout', 'linux-6.1', '--page-size', '4096');
    expect(booted).toMatchObject({
      profile: { symbols: 1, moduleRegion: { direct: { start: '0xffff800000d00000', end: '0xffff800008d00000' } } },
    });
    await remove('mapped');
  });
});

describe('session files larger than memory', { timeout: PATIENCE }, () => {
  it('SES-5: 128 MiB of session are read by a process with a heap of 64', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'veneerd-large-'));
    const file = join(folder, 'large.veneer.jsonl.gz');
    const [boot] = session();
    if (boot === undefined) throw new Error('a session begins with a boot');
    const about = 'x'.repeat(64 * 1024);
    const command = { ...boot.command, profile: { vermagic: about } };
    const size = 128 * 1024 * 1024;
    function* text(): Generator<string> {
      yield `${JSON.stringify({ format: SESSION_FORMAT, machine: 'large' })}\n`;
      for (let n = 1; n * about.length < size; n++) yield `${JSON.stringify({ ...boot, number: n, command })}\n`;
    }
    await pipeline(Readable.from(text()), createGzip({ level: 1 }), createWriteStream(file));
    const env = { NODE_OPTIONS: '--max-old-space-size=64' };
    const { code, err } = await start(['replay', file, '--url', 'http://127.0.0.1:9'], env).done;
    expect({ code, err }).toEqual({ code: 3, err: expect.stringMatching(/^veneer: no daemon answers/) });
    await rm(folder, { recursive: true, force: true });
  });
});

describe('veneer run', { timeout: PATIENCE }, () => {
  it('CLI-18, CLI-19: runs a scenario from anywhere, without a daemon, to the same report each time', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'veneerd-run-'));
    const scenario = join(folder, 'scenario.json');
    await writeFile(
      scenario,
      JSON.stringify({
        format: 'veneerd/scenario@1',
        machine: {
          arch: 'arm64',
          layout: 'linux-6.1',
          pageSize: 4096,
          kallsymsAll: false,
          kernel: { text: '0xffff800008000000', etext: '0xffff800008d00000', end: '0xffff80000a010000' },
          moduleRegion: {
            direct: { start: '0xffff800000d00000', end: '0xffff800008d00000' },
            fallback: { start: '0xffff800000d00000', end: '0xffff800080d00000' },
          },
          reserved: [],
          ...PROFILE,
          symbols: {},
        },
        steps: [
          { op: 'load', module: 'hello.ko' },
          { op: 'unload', name: 'absent' },
        ],
      }),
    );
    const report = join(folder, 'report.json');
    const args = ['run', scenario, '--modules', fixturePath(''), '--report', report, '--dump', join(folder, 'dump')];
    const first = await start([...args, '--json']).done;
    expect(first).toMatchObject({ code: 0, err: '' });
    expect(JSON.parse(first.out)).toEqual(JSON.parse(await readFile(report, 'utf8')));
    expect(JSON.parse(first.out)).toMatchObject({
      format: 'veneerd/report@1',
      steps: [{ error: null, module: { name: 'hello' } }, { error: 'ENOENT' }],
    });
    expect((await start([...args, '--json']).done).out).toBe(first.out);
    expect((await start(args).done).out).toMatch(/^2 steps, 1 refused by the kernel/);
    const wrong = await start(['run', join(folder, 'absent.json'), '--modules', folder]).done;
    expect(wrong).toMatchObject({ code: 2, out: '' });
    expect(wrong.err).toMatch(/absent\.json: no such file or folder\n$/);
    const nowhere = await start([...args, '--report', join(folder, 'absent', 'report.json')]).done;
    expect(nowhere).toMatchObject({ code: 2, out: '' });
    expect(nowhere.err).toMatch(/report\.json: no such file or folder\n$/);
    await rm(folder, { recursive: true, force: true });
  });
});
