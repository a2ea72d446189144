import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pc from 'picocolors';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { planModules } from '../../clients/cli/plan/sources.ts';
import { windowBar } from '../../clients/cli/plan/window-bar.ts';
import { start } from '../e2e/cli-process.ts';
import { fixturePath } from '../fixtures/fixtures.ts';
import { crowded } from '../headless/plan-inputs.ts';
import { noRedisServer, startRedis } from '../support/redis.ts';

let folder: string;
let profile: string;
const notes: string[] = [];
const tell = { note: (line: string) => notes.push(line), progress: () => undefined };
const names = async (given: readonly string[], options: Parameters<typeof planModules>[1] = {}) =>
  (await planModules(given, options, tell)).map(({ file }) => file);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'veneerd-plan-'));
  const modules = join(folder, 'modules', 'kernel');
  await mkdir(modules, { recursive: true });
  for (const file of ['chain-a.ko', 'chain-b.ko', 'chain-c.ko', 'hello.ko.xz', 'calls.ko'])
    await cp(fixturePath(file), join(modules, file));
  await writeFile(join(folder, 'modules', 'modules.order'), 'kernel/hello.ko\nkernel/chain-c.ko\nkernel/chain-b.ko\n');
  await writeFile(join(folder, 'modules', 'modules.softdep'), 'softdep hello pre: greeting nobody post: calls\n');
  await writeFile(join(folder, 'modules', 'modules.alias'), 'alias greeting chain_a\n');
  profile = join(folder, 'profile.json');
  await writeFile(profile, JSON.stringify(crowded(14, null)));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the modules of a plan', () => {
  it('PLAN-2: of a folder come in the order of modules.order, after what they need', async () => {
    expect(await names([join(folder, 'modules')])).toEqual([
      'chain-a.ko',
      'hello.ko.xz',
      'calls.ko',
      'chain-b.ko',
      'chain-c.ko',
    ]);
  });

  it('PLAN-2: by name come with what they need, from --deps', async () => {
    expect(await names(['chain_c'], { deps: join(folder, 'modules') })).toEqual([
      'chain-a.ko',
      'chain-b.ko',
      'chain-c.ko',
    ]);
  });

  it('PLAN-2: soft dependencies are honoured, by alias too, and one that is not there is named', async () => {
    notes.length = 0;
    expect(await names(['hello'], { deps: join(folder, 'modules') })).toEqual([
      'chain-a.ko',
      'hello.ko.xz',
      'calls.ko',
    ]);
    expect(notes).toEqual(['softdep nobody of hello is passed over: no module has that name or alias']);
  });

  it('PLAN-2: are read from a list, as lsmod and modprobe -D write it', async () => {
    const list = join(folder, 'list');
    const deps = join(folder, 'modules');
    await writeFile(list, 'Module                  Size  Used by\nchain_b   16384  1 chain_c\n# none\nchain_a 1 2\n');
    expect(await names([], { list, deps })).toEqual(['chain-a.ko', 'chain-b.ko']);
    await writeFile(list, `insmod ${fixturePath('calls.ko')} \ninsmod ${fixturePath('hello.ko')} debug=1\n`);
    expect(await names([], { list })).toEqual(['calls.ko', 'hello.ko']);
  });

  it('PLAN-2: say what is missing', async () => {
    await expect(names([])).rejects.toThrow(/expected modules/);
    await expect(names(['xfs'])).rejects.toThrow(/xfs: no such .*--deps FOLDER/);
    await expect(names(['xfs'], { deps: join(folder, 'modules') })).rejects.toThrow(/has no module xfs/);
    await expect(names([join(folder, 'none.ko')])).rejects.toThrow(/none\.ko: no such file/);
    await writeFile(join(folder, 'bad.ko'), 'no module');
    await expect(names([join(folder, 'bad.ko')])).rejects.toThrow(/bad\.ko: starts with/);
    await writeFile(join(folder, 'empty'), '# nothing\n');
    await expect(names([], { list: join(folder, 'empty') })).rejects.toThrow(/empty: expected a module a line/);
  });
});

describe('veneer plan', { timeout: 240_000 }, () => {
  const modules = () => ['--deps', join(folder, 'modules'), 'hello', 'chain_c'];

  it('PLAN-6: exits with 0 when all load, with 1 when something fails, with 2 when the machine is none', async () => {
    const fits = await start(['plan', '--preset', 'arm64-6.1', ...modules()]).done;
    expect(fits.code).toBe(0);
    expect(fits.out).toMatch(/all 5 modules load/);
    const fails = await start(['plan', '--profile', profile, '--json', ...modules()]).done;
    expect(fails.code).toBe(1);
    const plan = JSON.parse(fails.out);
    expect(plan).toMatchObject({ format: 'veneerd/plan@1', row: { fits: false } });
    expect(plan.helps.at(-1).row.fits).toBe(true);
    expect(plan.eaters[0].bytes).toBeGreaterThan(0);
    const wrong = await start(['plan', '--preset', 'nonesuch', ...modules()]).done;
    expect(wrong.code).toBe(2);
    expect(wrong.err).toMatch(/preset is nonesuch, expected one of/);
    expect((await start(['plan', '--rows', 'x', ...modules()]).done).code).toBe(2);
  });

  it('PLAN-10: a row of a sweep is what --seed gives for that seed', async () => {
    const rows = join(folder, 'rows.jsonl');
    const sweep = ['plan', '--profile', profile, ...modules(), '--sweep', '12', '--seed-from', '40', '--json'];
    const { code, out, err } = await start([...sweep, '--rows', rows]).done;
    const lines = (await readFile(rows, 'utf8')).trimEnd().split('\n');
    expect(lines.length).toBe(12);
    const summary = JSON.parse(out);
    expect(summary).toMatchObject({ format: 'veneerd/sweep@1', complete: true, seeds: { from: 40, count: 12 } });
    expect(code).toBe(summary.fits.seeds === 12 ? 0 : 1);
    expect(err).toMatch(/softdep nobody of hello/);
    for (const seed of [40, 47]) {
      const one = await start(['plan', '--profile', profile, '--json', '--seed', String(seed), ...modules()]).done;
      expect(JSON.stringify(JSON.parse(one.out).row)).toBe(lines[seed - 40]);
    }
    // A file that is there is kept.
    const again = await start([...sweep, '--rows', rows]).done;
    expect(again.code).toBe(2);
    expect(again.err).toMatch(/rows\.jsonl: exists already; --force overwrites it/);
  });

  it('PLAN-14: Ctrl-C ends a sweep with what it has, from the first seed on', async () => {
    const rows = join(folder, 'cut.jsonl');
    const sweep = start([
      'plan',
      '--preset',
      'arm64-6.1',
      ...modules(),
      '--sweep',
      '1000000',
      '--json',
      '--rows',
      rows,
    ]);
    let size = 0;
    while (size === 0) {
      size = (await readFile(rows).catch(() => Buffer.alloc(0))).length;
      await new Promise((resolve) => setImmediate(resolve));
    }
    sweep.child.kill('SIGINT');
    const { code, out, err } = await sweep.done;
    expect(code).toBe(1);
    expect(err).toMatch(/interrupted: \d+ of 1000000 seeds are done/);
    const summary = JSON.parse(out);
    expect(summary.complete).toBe(false);
    const seeds = (await readFile(rows, 'utf8'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).seed);
    expect(seeds).toEqual(Array.from({ length: summary.seeds.count }, (_, i) => i));
  });

  it.skipIf(noRedisServer() !== undefined)('PLAN-20: over Redis the file of rows is the same', async () => {
    const redis = await startRedis();
    const worker = start(['plan-worker', '--redis', redis.url, '--threads', '1']);
    try {
      await worker.until(/working with 1 thread;/);
      const sweep = ['plan', '--profile', profile, ...modules(), '--sweep', '150'];
      const here = join(folder, 'here.jsonl');
      const there = join(folder, 'there.jsonl');
      const local = await start([...sweep, '--rows', here]).done;
      const remote = await start([...sweep, '--rows', there, '--redis', redis.url, '--no-local']).done;
      expect(remote.err).toContain('leaving the work to every `veneer plan-worker` at that Redis');
      expect(remote.code).toBe(local.code);
      expect(remote.out).toBe(local.out);
      expect(await readFile(there, 'utf8')).toBe(await readFile(here, 'utf8'));
      worker.child.kill('SIGINT');
      expect((await worker.done).code).toBe(0);
    } finally {
      worker.child.kill('SIGKILL');
      await redis.close();
    }
  });

  it('PLAN-7: a bar shows what is taken before, by modules, at the peak, and free', () => {
    const paint = pc.createColors(false);
    const bar = (before: number, peak: number, after: number) =>
      windowBar({ size: 100, before, peak, after }, 22, paint);
    expect(bar(20, 60, 40)).toBe('[====####iiii........]');
    expect(bar(0, 0, 0)).toBe('[....................]');
    expect(bar(100, 100, 100)).toBe('[====================]');
    // What holds anything never shows as free.
    expect(bar(1, 1, 1)).toBe('[=...................]');
  });
});
