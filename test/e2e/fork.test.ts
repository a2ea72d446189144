import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CompareSummary } from '../../protocol/compare/form.ts';
import { fixturePath } from '../fixtures/fixtures.ts';
import { start } from './cli-process.ts';
import { type DaemonProcess, startProcess } from './daemon-process.ts';

const PATIENCE = 240_000;
const MODULES = dirname(fixturePath('calls.ko'));
const FAR = fileURLToPath(new URL('../../docs/examples/far.json', import.meta.url));

describe('what if, on a real daemon', { timeout: PATIENCE }, () => {
  let daemon: DaemonProcess;
  let folder: string;
  const veneer = (...args: readonly string[]) => start(args, { VENEERD_URL: daemon.url }, folder).done;
  /** The values that a command prints, each on a line. */
  async function json(...args: readonly string[]): Promise<unknown[]> {
    const { code, out, err } = await veneer(...args, '--json');
    expect({ args, code, err: code === 0 ? '' : err }).toEqual({ args, code: 0, err: '' });
    return out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
  }
  const summaryOf = (lines: readonly unknown[]) => (lines.at(-1) as { readonly summary: CompareSummary }).summary;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'veneerd-fork-'));
    daemon = await startProcess(['--data', join(folder, 'data')]);
    await json('boot', 'lab', '--profile', FAR);
    await json('load', ...['calls.ko', 'chain-a.ko', 'chain-b.ko', 'hello.ko'].map(fixturePath), '-m', 'lab');
    await json('update', '_printk', '0xffff800018000044', '-m', 'lab');
    await json('bookmark', 'full', '-m', 'lab');
    await json('unload', 'hello', '-m', 'lab');
  }, PATIENCE);
  afterAll(async () => {
    await daemon.end('SIGTERM');
    await rm(folder, { recursive: true, force: true });
  });

  it('FORK-16, FORK-1: another seed, and the two side by side; the digest tells the same for no change', async () => {
    const [seed7, ...lines] = await json('fork', 'lab', '--as', 'seed7', '--kaslr', '7', '--compare');
    expect(seed7).toMatchObject({
      machine: 'seed7',
      from: { machine: 'lab', commit: 8 },
      counts: { copied: 0, decided: 8, refused: 0, translated: 1 },
    });
    expect(summaryOf(lines)).toMatchObject({ commands: [8, 8], failsNow: { count: 0 }, onlyA: 0, onlyB: 0 });
    await json('fork', 'lab', '--as', 'same');
    expect((await veneer('view', '-m', 'seed7')).out).toMatch(/fork of +lab@[0-9a-z]+:8\nwith +\{"kaslrSeed":7\}/);
    const digests = await Promise.all(['lab', 'same', 'seed7'].map((name) => json('digest', '-m', name)));
    const [lab, same, other] = digests.map(([one]) => (one as { digest: string }).digest);
    expect(same).toBe(lab);
    expect(other).not.toBe(lab);
  });

  it('FORK-16, CMP-7: windows, reserved areas, flavour, layout, errata, keys and modules by options, at a bookmark', async () => {
    const ask = async (as: string, ...changes: readonly string[]) => {
      const lines = await json('fork', 'lab', '--as', as, '--at', '@full', ...changes, '--compare');
      return { forked: lines[0] as { counts: Record<string, number> }, summary: summaryOf(lines) };
    };
    expect((await ask('roomy', '--reserved', 'default')).summary).toMatchObject({
      windows: { toDirect: 4 },
      veneers: { a: 10, b: 0 },
    });
    const none = await ask('none', '--direct', 'none', '--fallback', 'none');
    expect(none.summary.failsNow.count).toBe(5);
    expect(none.forked.counts).toMatchObject({ refused: 1 });
    const literal = await ask('literal', '--flavour', 'literal', '--page-size', '65536', '--errata', '843419');
    expect(literal.summary.figures[1]).toMatchObject({ stopMachine: 0, loaded: 4 });
    const keys = await ask('keys', '--drop-key', 'kfree', '--add-key', 'kmalloc_trace');
    expect(keys.forked.counts).toMatchObject({ decided: 6, refused: 0 });
    const { view } = (await json('view', '-m', 'keys'))[0] as { view: { staticCalls: { keys: { name: string }[] } } };
    expect(view.staticCalls.keys.map(({ name }) => name)).toEqual(['_printk', 'kmalloc_trace']);
    const lean = await ask(
      'lean',
      '--without',
      'chain_a',
      'hello',
      '--with',
      `${fixturePath('sections.ko')}@before=calls`,
    );
    expect(lean.forked.counts).toMatchObject({ copied: 1, leftOut: 2, added: 1 });
    expect(lean.summary).toMatchObject({ onlyA: 2, onlyB: 1 });
    const profile = join(folder, 'profile.json');
    await writeFile(profile, '{"kallsymsAll":true,"vermagic":null}');
    expect((await ask('more', '--profile', profile)).forked.counts).toMatchObject({ decided: 6 });
  });

  it('FORK-12, FORK-16: files that the daemon lacks are named; --modules uploads them', async () => {
    const session = join(folder, 'lab.veneer.jsonl');
    await json('record', session, '-m', 'lab', '--until-live');
    const other = await startProcess(['--data', join(folder, 'other')]);
    try {
      const there = (...args: readonly string[]) => start(args, { VENEERD_URL: other.url }, folder).done;
      expect(await there('replay', session)).toMatchObject({ code: 0 });
      const lacking = await there('fork', 'lab', '--as', 'f', '--kaslr', '7');
      expect(lacking).toMatchObject({ code: 1 });
      for (const file of ['calls.ko', 'chain-a.ko', 'chain-b.ko', 'hello.ko']) expect(lacking.err).toContain(file);
      const empty = await there('fork', 'lab', '--as', 'f', '--kaslr', '7', '--modules', dirname(FAR));
      expect(empty).toMatchObject({ code: 2 });
      const done = await there('fork', 'lab', '--as', 'f', '--kaslr', '7', '--modules', MODULES);
      expect({ code: done.code, err: done.err }).toMatchObject({
        code: 0,
        err: expect.stringContaining('4 module files'),
      });
      // A digest tells neither time nor origin: the same fork on another daemon is the same machine.
      const digest = async (url: string, name: string) =>
        JSON.parse((await start(['digest', '-m', name, '--json'], { VENEERD_URL: url }).done).out).digest;
      expect(await digest(other.url, 'f')).toBe(await digest(daemon.url, 'seed7'));
    } finally {
      await other.end('SIGTERM');
    }
  });

  it('FORK-13, CLI-2: what is refused ends with 1, what makes no sense with 2', async () => {
    const cases: readonly (readonly [code: number, words: RegExp, ...args: string[]])[] = [
      [1, /there is a machine called lab/, 'lab', '--as', 'lab'],
      [1, /no machine is called nobody/, 'nobody', '--as', 'x'],
      [1, /without nobody: nothing up to there loads it/, 'lab', '--as', 'x', '--without', 'nobody'],
      [1, /\/staticCall is inline, expected one of/, 'lab', '--as', 'x', '--flavour', 'inline'],
      [2, /Expected START-END/, 'lab', '--as', 'x', '--direct', 'wide'],
      [2, /Expected a seed/, 'lab', '--as', 'x', '--kaslr', 'often'],
      [2, /expected the number of a commit/, 'lab', '--as', 'x', '--with', 'a.ko@after=soon'],
      [2, /a\.ko: no such file/, 'lab', '--as', 'x', '--with', 'a.ko'],
      [2, /required option '--as/, 'lab'],
      [2, /one position is enough/, 'lab@epoch001:2', '--as', 'x', '--at', '2'],
    ];
    for (const [code, words, ...args] of cases) {
      const run = await veneer('fork', ...args);
      expect({ args, code: run.code }).toEqual({ args, code });
      expect(run.err).toMatch(words);
    }
  });

  it('CMP-6, CMP-7: machines, permalinks and session files; what people read', async () => {
    const people = await veneer('compare', 'lab', 'seed7', '--all');
    expect(people.code).toBe(0);
    expect(people.out).toMatch(/kaslrSeed none -> 7/);
    expect(people.out).toMatch(/fails now: none/);
    const link = ((await json('link', '@full', '-m', 'lab'))[0] as { link: string }).link;
    expect(summaryOf(await json('compare', link, 'seed7'))).toMatchObject({ commands: [6, 8], onlyB: 2 });
    const files = ['lab', 'seed7'].map((name) => join(folder, `${name}.jsonl`));
    for (const file of files)
      await json('record', file, '-m', file.includes('seed7') ? 'seed7' : 'lab', '--until-live');
    const [a = '', b = ''] = files;
    const offline = await start(['compare', a, b, '--json'], { VENEERD_URL: 'http://127.0.0.1:9' }).done;
    expect(offline.code).toBe(0);
    const lines = offline.out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(summaryOf(lines)).toEqual(summaryOf(await json('compare', 'lab', 'seed7')));
    expect((await veneer('compare', a, 'seed7')).err).toMatch(/expected two machines or two files/);
    await writeFile(b, (await readFile(b, 'utf8')).replace('"number":3', '"number":9'));
    expect(await veneer('compare', a, b)).toMatchObject({ code: 2, err: expect.stringMatching(/seed7\.jsonl:4: /) });
  });
});
