import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Compared } from '../../daemon/headless/compare.ts';
import type { Commit } from '../../protocol/commit.ts';
import { fixturePath } from '../fixtures/fixtures.ts';
import { start } from './cli-process.ts';
import { type DaemonProcess, startProcess } from './daemon-process.ts';

const PATIENCE = 120_000;
const example = (name: string): string => fileURLToPath(new URL(`../../docs/examples/${name}`, import.meta.url));
const MODULES = dirname(fixturePath('calls.ko'));
const SITE = '0xffff800018000000';

interface KeyRow {
  readonly name: string;
  readonly symbol: string | null;
  readonly chain: readonly { readonly owner: string; readonly sites: number }[];
  readonly classes: Record<string, number>;
}

describe('static calls on a real daemon', { timeout: PATIENCE }, () => {
  let daemon: DaemonProcess;
  let folder: string;
  const veneer = (...args: readonly string[]) => start(args, { VENEERD_URL: daemon.url }).done;
  const json = async <T>(...args: readonly string[]): Promise<T> => {
    const { code, out, err } = await veneer(...args, '--json');
    expect({ args, code, err: code === 0 ? '' : err }).toEqual({ args, code: 0, err: '' });
    return JSON.parse(out) as T;
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'veneerd-static-call-'));
    daemon = await startProcess(['--data', join(folder, 'data')]);
    await json('boot', 'far', '--profile', example('far.json'), '--static-call', 'inline-defuse');
    await json('load', fixturePath('calls.ko'), '-m', 'far');
  }, PATIENCE);
  afterAll(async () => {
    await daemon.end('SIGTERM');
    await rm(folder, { recursive: true, force: true });
  });

  it('STAT-1, STAT-4: keys and sites show the chain, an update shows its patches', async () => {
    const keys = await json<readonly KeyRow[]>('keys');
    expect(keys.map(({ name, symbol, chain, classes }) => [name, symbol, chain[0]?.owner, classes.veneers])).toEqual([
      ['_printk', '_printk', 'calls', 4],
      ['kfree', 'kfree', 'calls', 4],
    ]);
    const updated = await json<{ from: string; to: string; patches: unknown[] }>('update', '_printk', 'kfree');
    expect(updated.patches).toMatchObject([{ what: 'trampoline', atomicity: 'stop-machine' }]);
    expect((await json<typeof updated>('update', '_printk', 'kfree')).from).toBeNull();
    const near = await json<typeof updated>('update', '_printk', '0xffff800018000044');
    expect(near.patches).toHaveLength(5);
    const sites = await json<{
      chain: readonly { owner: string; node: boolean; sites: { class: string; text: string }[] }[];
    }>('sites', '_printk');
    expect(sites.chain).toHaveLength(1);
    expect(sites.chain[0]).toMatchObject({ owner: 'calls', node: true });
    expect(
      sites.chain[0]?.sites.filter((site) => site.class === 'direct').map(({ text }) => text.split(' ')[0]),
    ).toEqual(['bl', 'bl', 'b', 'bl']);
    expect((await veneer('sites', 'nobody')).code).toBe(1);
    expect((await veneer('update', 'nobody', 'kfree')).err).toMatch(/no static-call key nobody/);
  });

  it('STAT-2, STAT-3: shares now and over time', async () => {
    interface Stats {
      readonly classes: Record<string, number>;
      readonly share: number;
      readonly modules: readonly { owner: string; sites: number }[];
      readonly series: readonly { commit: number; classes: Record<string, number>; share: number | null }[];
    }
    const stats = await json<Stats>('stats', '--over-time');
    expect(stats.modules).toMatchObject([{ owner: 'calls', sites: 8 }]);
    expect(stats.series.at(-1)?.classes).toEqual(stats.classes);
    expect(stats.share).toBe((stats.classes.direct ?? 0) / 8);
    const early = await json<Stats>('stats', '--over-time', '--at', '2');
    expect(early.share).toBe(0);
    expect(early.series.map(({ commit }) => commit)).toEqual([1, 2]);
    expect((await veneer('stats')).out).toMatch(/one branch/);
  });

  it('WHY-1, TRACE-1: why and trace answer at any position', async () => {
    const why = await veneer('why', SITE);
    expect(why).toMatchObject({ code: 0 });
    expect(why.out).toMatch(/R_AARCH64_CALL26 against _printk at \.text\+0x0/);
    expect((await veneer('trace', SITE, '--at', '2')).out).toMatch(/3 branches, veneers/);
    expect(await json('trace', SITE)).toMatchObject({ branches: 1, arrives: true });
    expect((await veneer('why', 'nonsense')).code).toBe(2);
    expect((await veneer('trace', '0xffff800008100000')).code).toBe(1);
  });

  it('CMP-1, CMP-2, CMP-3, CMP-5: a recorded session compares as it was recorded, under other flavours and placements', async () => {
    const session = join(folder, 'far.veneer.jsonl');
    await json('record', session, '--until-live', '--force');
    const compare = (...args: readonly string[]) =>
      json<{ commands: number; runs: readonly Compared[] }>('compare', session, '--modules', MODULES, ...args);
    const flavours = ['--static-call', 'inline-defuse,inline-poison,literal,out-of-line'];
    const { runs, commands } = await compare(...flavours);
    const commits = readFileSync(session, 'utf8')
      .trimEnd()
      .split('\n')
      .slice(1, -1)
      .map((line) => JSON.parse(line) as Commit);
    expect(commands).toBe(commits.length - 1);
    const patches = commits.flatMap(({ events }) => events.filter((event) => event.type === 'StaticCallPatched'));
    expect(runs[0]).toMatchObject({ flavour: 'inline-defuse', seed: null, patches: patches.length, refused: 0 });
    expect(runs.map(({ flavour, strays }) => [flavour, strays > 0])).toEqual([
      ['inline-defuse', false],
      ['inline-poison', true],
      ['literal', false],
      ['out-of-line', false],
    ]);
    expect(await compare(...flavours)).toMatchObject({ runs });
    const seeds = await compare('--static-call', 'inline-defuse', '--seed', '1,2');
    expect(seeds.runs.map(({ seed, refused, loaded }) => [seed, refused, loaded])).toEqual([
      [1, 0, 1],
      [2, 0, 1],
    ]);
    // The function in calls itself moved along: its sites still reach it by one branch.
    expect(seeds.runs.every(({ classes }) => classes.direct >= 4)).toBe(true);
    const none = await veneer('compare', session, '--modules', folder, '--static-call', 'literal');
    expect(none).toMatchObject({ code: 2 });
    expect(none.err).toMatch(/module calls\.ko: no file in .* has sha256/);
  });

  it('CMP-4: what cannot be compared is refused with what was expected', async () => {
    const scenario = join(folder, 'scenario.json');
    const machine = { ...JSON.parse(readFileSync(example('near.json'), 'utf8')) };
    await writeFile(scenario, JSON.stringify({ format: 'veneerd/scenario@1', machine, steps: [] }));
    const run = (file: string, flavour: string) =>
      veneer('compare', file, '--modules', MODULES, '--static-call', flavour);
    expect((await run(scenario, 'inline')).code).toBe(2);
    expect((await run(scenario, 'sideways')).err).toMatch(/Expected one of/);
    expect((await run(join(folder, 'none.json'), 'literal')).err).toMatch(/none\.json/);
    await writeFile(scenario, '{"format":"other"}');
    expect((await run(scenario, 'literal')).err).toMatch(/expected a session or a scenario/);
  });
});
