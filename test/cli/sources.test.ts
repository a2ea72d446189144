import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, connect } from '../../clients/sdk/node.ts';
import { type Daemon, startDaemon } from '../../daemon/daemon.ts';
import { start } from '../e2e/cli-process.ts';
import { fixture } from '../fixtures/fixtures.ts';
import { staticCallProfile } from '../kernel/static-call/machine.ts';
import { debOf } from '../support/deb.ts';

const PATIENCE = 120_000;
const OPTIONS = {
  host: '127.0.0.1',
  port: 0,
  stores: { memory: true },
  demo: 'off',
  logLevel: 'silent',
} as const;
const PROFILE = staticCallProfile('out-of-line', 'near', { openSymbols: true });
const MODULES = ['chain-a', 'chain-b', 'hello'] as const;

describe('commands that take modules', { timeout: PATIENCE }, () => {
  let daemon: Daemon;
  let client: Client;
  let folder: string;
  /** Each form of a source that holds hello, the last one nothing else. */
  let sources: readonly string[];
  let many: readonly string[];
  const veneer = (...args: readonly string[]) => start(args, { VENEERD_URL: daemon.url }).done;
  const at = (name: string): string => join(folder, name);
  let machines = 0;
  /** Boots a machine of its own for each run. */
  const booted = async (): Promise<string> => {
    const name = `m${++machines}`;
    await client.boot(name, { profile: PROFILE });
    return name;
  };
  const namesOf = (out: string): readonly string[] =>
    out
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { readonly module: string }).module);

  beforeAll(async () => {
    daemon = await startDaemon(OPTIONS);
    client = connect(daemon.url);
    folder = await mkdtemp(join(tmpdir(), 'veneerd-sources-'));
    await mkdir(at('modules'));
    const files: Record<string, Uint8Array> = {};
    for (const name of MODULES) {
      await writeFile(at(`modules/${name}.ko`), fixture(`${name}.ko`));
      files[`lib/modules/6.1.0/kernel/${name}.ko`] = fixture(`${name}.ko`);
    }
    await writeFile(at('linux-image.deb'), await debOf(files));
    await writeFile(at('hello.ko'), fixture('hello.ko'));
    many = [at('modules'), at('linux-image.deb')];
    sources = [...many, at('hello.ko')];
    const steps = [{ op: 'load', module: 'hello.ko' }];
    await writeFile(at('scenario.json'), JSON.stringify({ format: 'veneerd/scenario@1', machine: PROFILE, steps }));
    await veneer('--version');
  }, PATIENCE);
  afterAll(async () => {
    client.close();
    await daemon.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('SRC-3: load takes a folder, a package and a file, dependencies first', async () => {
    for (const source of many) {
      const { code, out } = await veneer('load', source, '-m', await booted(), '--json');
      expect({ source, code, names: namesOf(out) }).toEqual({
        source,
        code: 0,
        names: ['chain_a', 'chain_b', 'hello'],
      });
    }
    const one = await veneer('load', at('hello.ko'), '-m', await booted(), '--json');
    expect({ code: one.code, names: namesOf(one.out) }).toEqual({ code: 0, names: ['hello'] });
  });

  it('SRC-3: names are looked up in each of them', async () => {
    for (const source of many) {
      const { code, out } = await veneer('load', 'chain_b', '--deps', source, '-m', await booted(), '--json');
      expect({ source, code, names: namesOf(out) }).toEqual({ source, code: 0, names: ['chain_a', 'chain_b'] });
    }
    const one = await veneer('load', 'hello', '--deps', at('hello.ko'), '-m', await booted(), '--json');
    expect({ code: one.code, names: namesOf(one.out) }).toEqual({ code: 0, names: ['hello'] });
    const none = await veneer('load', 'nothing', '--deps', at('modules'), '-m', await booted());
    expect(none).toMatchObject({ code: 2, out: '' });
    expect(none.err).toContain('modules has no module nothing');
  });

  it('SRC-3: load --dir goes on when the kernel refuses one, whichever the source', async () => {
    for (const source of many) {
      const name = await booted();
      await veneer('load', at('hello.ko'), '-m', name);
      const { code, out } = await veneer('load', '--dir', source, '-m', name, '--json');
      expect({ source, code, names: namesOf(out) }).toEqual({
        source,
        code: 1,
        names: ['chain_a', 'chain_b', 'hello'],
      });
    }
  });

  it('SRC-3: plan, run, compare and fork take all of them', async () => {
    const profile = ['--profile', at('scenario.json')];
    for (const source of sources) {
      const planned = await veneer('plan', source, ...profile, '--json');
      expect({ source, code: planned.code, err: planned.code === 0 ? '' : planned.err }).toEqual({
        source,
        code: 0,
        err: '',
      });
      const run = await veneer('run', at('scenario.json'), '--modules', source, '--json');
      expect({ source, code: run.code }).toEqual({ source, code: 0 });
      expect(JSON.parse(run.out)).toMatchObject({ steps: [{ error: null }] });
    }
    const name = await booted();
    await veneer('load', at('hello.ko'), '-m', name);
    const session = at('session.veneer.jsonl');
    expect(await veneer('record', session, '--until-live', '-m', name)).toMatchObject({ code: 0 });
    for (const source of sources) {
      const compared = await veneer('compare', session, '--modules', source, '--static-call', 'out-of-line', '--json');
      expect({ source, code: compared.code, err: compared.code === 0 ? '' : compared.err }).toEqual({
        source,
        code: 0,
        err: '',
      });
      // A daemon that never saw the module takes it from the source.
      const other = await startDaemon(OPTIONS);
      try {
        expect((await veneer('replay', session, '--into', 'lab', '--url', other.url)).code).toBe(0);
        const forked = await veneer('fork', 'lab', '--as', 'what-if', '--modules', source, '--url', other.url);
        expect({ source, code: forked.code, err: forked.err }).toEqual({
          source,
          code: 0,
          err: expect.stringContaining('1 module file uploaded'),
        });
      } finally {
        await other.close();
      }
    }
  });

  it('SRC-2: a source that is none is named, with exit code 2, whichever the command', async () => {
    const name = await booted();
    await writeFile(at('odd.deb'), 'no package');
    for (const args of [
      ['load', at('odd.deb'), '-m', name],
      ['load', 'hello', '--deps', at('odd.deb'), '-m', name],
      ['plan', at('odd.deb')],
      ['run', at('scenario.json'), '--modules', at('odd.deb')],
      ['run', at('scenario.json'), '--modules', at('nowhere')],
    ]) {
      const { code, err } = await veneer(...args);
      expect({ args, code }).toEqual({ args, code: 2 });
      expect(err).toMatch(/odd\.deb: expected a Debian package|nowhere: no such file or folder/);
    }
  });
});
