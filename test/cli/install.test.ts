import { spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SCRIPT = join(ROOT, 'scripts', 'install.mjs');

interface Lock {
  readonly packages: Readonly<Record<string, { readonly optionalDependencies?: Readonly<Record<string, string>> }>>;
}

interface Run {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

describe('scripts/install.mjs', { timeout: 60_000 }, () => {
  let root: string;
  const lock = (version: string) => ({
    name: 'x',
    version,
    lockfileVersion: 3,
    requires: true,
    packages: { '': { name: 'x', version } },
  });
  const setVersion = async (version: string): Promise<void> => {
    await writeFile(join(root, 'package.json'), JSON.stringify({ name: 'x', version }));
    await writeFile(join(root, 'package-lock.json'), JSON.stringify(lock(version)));
  };
  const run = (): Promise<Run> =>
    new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [join(root, 'scripts', 'install.mjs')], { stdio: 'pipe' });
      let out = '';
      let err = '';
      child.stdout.on('data', (chunk) => {
        out += String(chunk);
      });
      child.stderr.on('data', (chunk) => {
        err += String(chunk);
      });
      child.on('error', reject);
      child.on('close', (code) => resolve({ code, out, err }));
    });
  const installs = (runs: readonly Run[]): number =>
    runs.filter(({ err }) => err.includes('installing dependencies (npm')).length;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'veneerd-install-test-'));
    await mkdir(join(root, 'scripts'));
    await cp(SCRIPT, join(root, 'scripts', 'install.mjs'));
    await setVersion('1.0.0');
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  it('CLI-20: installs once, then writes nothing, and never to stdout', async () => {
    const first = await run();
    expect(first).toMatchObject({ code: 0, out: '' });
    expect(first.err.split('\n')[0]).toMatch(/^veneerd: installing dependencies \(npm ci\)/);
    expect(await run()).toEqual({ code: 0, out: '', err: '' });
    expect(await readdir(root)).toEqual(['node_modules', 'package-lock.json', 'package.json', 'scripts']);
  });

  it('CLI-20: installs again when package-lock.json changed', async () => {
    await run();
    await setVersion('1.0.1');
    const later = new Date(Date.now() + 60_000);
    await utimes(join(root, 'package-lock.json'), later, later);
    expect(installs([await run()])).toBe(1);
    expect(await run()).toEqual({ code: 0, out: '', err: '' });
  });

  it('CLI-20: takes what somebody installed by hand for installed', async () => {
    await mkdir(join(root, 'node_modules'));
    await writeFile(join(root, 'node_modules', '.package-lock.json'), '{}');
    expect(await run()).toEqual({ code: 0, out: '', err: '' });
  });

  it('CLI-20: installs once however many run at a time', async () => {
    const runs = await Promise.all([run(), run(), run()]);
    expect(runs.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(installs(runs)).toBe(1);
    expect((await stat(join(root, 'node_modules'))).isDirectory()).toBe(true);
  });

  it('CLI-20: says so when npm fails', async () => {
    await writeFile(join(root, 'package-lock.json'), 'no lock file');
    const { code, out, err } = await run();
    expect(code).not.toBe(0);
    expect(out).toBe('');
    expect(err).toMatch(/veneerd: npm ci failed in/);
  });
});

/** npm refuses to install from a lock file that leaves out packages for other systems than the one that wrote it. */
it('CLI-20: package-lock.json names every optional package, whatever system it was written on', async () => {
  const { packages } = JSON.parse(await readFile(join(ROOT, 'package-lock.json'), 'utf8')) as Lock;
  const named = new Set(Object.keys(packages).map((path) => path.slice(path.lastIndexOf('node_modules/') + 13)));
  const wanted = Object.values(packages).flatMap(({ optionalDependencies = {} }) => Object.keys(optionalDependencies));
  expect(wanted.length).toBeGreaterThan(20);
  expect(wanted.filter((name) => !named.has(name))).toEqual([]);
});
