/** The SDK as a package that somebody else's program imports: plain JavaScript, its types, rxjs and nothing more. */
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startMemoryDaemon } from '../gateway/daemon.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'veneer-sdk-'));
const here = join(folder, 'node_modules', 'veneerd');

beforeAll(() => {
  mkdirSync(here, { recursive: true });
  execFileSync(process.execPath, ['scripts/build-sdk.mjs', join(here, 'dist')], { cwd: ROOT });
  cpSync(join(ROOT, 'package.json'), join(here, 'package.json'));
  // What npm would install beside it.
  for (const name of ['rxjs', 'ws', 'typebox', '@types', 'tslib']) {
    symlinkSync(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name));
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('SDK-1: for a browser it imports rxjs and nothing else', () => {
  const text = readFileSync(join(here, 'dist', 'sdk', 'index.js'), 'utf8');
  const imports = new Set([...text.matchAll(/^import .* from "(.*)"/gm)].map(([, name]) => name));
  expect([...imports]).toEqual(['rxjs']);
  expect(text).not.toMatch(/\bprocess\.|\bBuffer\b|\brequire\(/);
});

it('SDK-2: docs/examples/sdk.mjs runs in plain Node', async () => {
  const daemon = await startMemoryDaemon();
  cpSync(join(ROOT, 'docs/examples/sdk.mjs'), join(folder, 'sdk.mjs'));
  const module = join(ROOT, 'test/fixtures/ko/hello.ko');
  const [, ...shown] = readFileSync(join(folder, 'sdk.mjs'), 'utf8').split('.ko\nimport');
  expect(readFileSync(join(ROOT, 'docs/protocol.md'), 'utf8')).toContain(`import${shown.join('').trimEnd()}`);
  try {
    const { stdout } = await promisify(execFile)(process.execPath, ['sdk.mjs', daemon.url, module], { cwd: folder });
    expect(stdout).toMatch(
      /^commit 2: \w+\n2 \[ 'ModuleLive' \]\n0 modules, then 1 after commit 2\nthe same: \d, only in m1: \d\n$/,
    );
  } finally {
    await daemon.close();
  }
});

it('SDK-3: a program in TypeScript gets its types, and a mistake is one', () => {
  const program = (filter: string): string => `
    import { connect, type FeedItem } from 'veneerd/sdk';
    const client = connect('http://127.0.0.1:7077');
    const items: FeedItem[] = [];
    client.machine('m1').commits({ from: 'now', filter: ${filter} }).observable.subscribe((item) => items.push(item));
    export const commits: number[] = items.flatMap((item) => (item.kind === 'commit' ? [item.commit.number] : []));
  `;
  const check = (text: string): string => {
    writeFileSync(join(folder, 'program.ts'), text);
    const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
    const flags = [
      '--noEmit',
      '--strict',
      '--skipLibCheck',
      '--module',
      'nodenext',
      '--target',
      'es2022',
      '--types',
      'node',
    ];
    return String(spawnSync(process.execPath, [tsc, ...flags, 'program.ts'], { cwd: folder }).stdout);
  };
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  expect(check(program("{ kinds: ['ModuleLive'] }"))).toBe('');
  expect(check(program("{ kinds: ['ModuleAlive'] }"))).toContain('ModuleAlive');
});
