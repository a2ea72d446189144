/** What the command line adds to a refusal, so that whoever reads it knows what to do. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Daemon, startDaemon } from '../../daemon/daemon.ts';
import { start } from '../e2e/cli-process.ts';

const PATIENCE = 120_000;
const TOKEN = 'a-token-that-is-long-enough';
const BIN = resolve(import.meta.dirname, '../../bin/veneer.mjs');

describe('refusals', { timeout: PATIENCE }, () => {
  let daemon: Daemon;

  beforeAll(async () => {
    daemon = await startDaemon({
      host: '127.0.0.1',
      port: 0,
      stores: { memory: true },
      demo: 'off',
      logLevel: 'silent',
      access: { token: TOKEN },
    });
  }, PATIENCE);

  afterAll(async () => {
    await daemon.close();
  });

  it.each([undefined, 'another-token-that-is-long-enough'])(
    'CLI-23: with the token %s VENEERD_TOKEN is named',
    async (token) => {
      const env = { VENEERD_URL: daemon.url, VENEERD_TOKEN: token ?? '' };
      const { code, err } = await start(['machines'], env).done;
      expect(code).toBe(1);
      expect(err).toContain('VENEERD_TOKEN');
    },
  );

  it('CLI-23: with the right one nothing is refused', async () => {
    const { code, err } = await start(['machines'], { VENEERD_URL: daemon.url, VENEERD_TOKEN: TOKEN }).done;
    expect([code, err]).toEqual([0, '']);
  });
});

it.skipIf(!existsSync('/dev/full'))('CLI-22: a full disk under stdout is said on stderr', { timeout: PATIENCE }, () => {
  const { status, stderr } = spawnSync('sh', ['-c', '"$0" "$1" --help > /dev/full', process.execPath, BIN]);
  expect(status).toBe(1);
  expect(stderr.toString()).toMatch(/standard output can't be written: .*ENOSPC/);
});

it('CLI-22: a reader that goes away ends it quietly', { timeout: PATIENCE }, () => {
  const { stdout, stderr } = spawnSync('sh', [
    '-c',
    '{ "$0" "$1" --help; echo "code $?" >&2; } | true',
    process.execPath,
    BIN,
  ]);
  expect([stdout.toString(), stderr.toString()]).toEqual(['', 'code 0\n']);
});

it.each(['zz', '0x'])('CLI-2: --cpu-caps %s is told what it takes', { timeout: PATIENCE }, async (bits) => {
  const { code, err } = await start(['boot', 'x', '--cpu-caps', bits]).done;
  expect(code).toBe(2);
  expect(err).toContain('Expected bits in hex');
});
