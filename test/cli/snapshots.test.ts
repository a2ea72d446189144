/** `veneer snapshots` against a daemon whose data folder has a snapshot that is none. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { connect } from '../../clients/sdk/node.ts';
import { type Daemon, startDaemon } from '../../daemon/daemon.ts';
import { openStores } from '../../daemon/log/stores.ts';
import { start } from '../e2e/cli-process.ts';

const PATIENCE = 120_000;
let folder: string;
let daemon: Daemon | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'veneerd-snapshots-'));
});
afterEach(async () => {
  await daemon?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** On a running daemon. */
const veneer = (...args: readonly string[]) =>
  start(['snapshots', ...args], { VENEERD_URL: daemon?.url, VENEERD_MACHINE: 'm' }).done;
const open = async (): Promise<void> => {
  const stores = { dataDir: folder };
  daemon = await startDaemon({ host: '127.0.0.1', port: 0, stores, demo: 'off', logLevel: 'silent' });
};

it('AT-7: snapshots are listed, verified as they are found, and one that can not be read makes the exit code 1', {
  timeout: PATIENCE,
}, async () => {
  await open();
  const client = connect(daemon?.url ?? '');
  const { position } = await client.boot('m');
  client.close();
  expect(await veneer()).toMatchObject({ code: 0, out: expect.stringContaining('0 snapshots of m') });
  expect(await veneer('--verify')).toMatchObject({ code: 0, out: expect.stringContaining('0 snapshots, 0 wrong') });
  await daemon?.close();

  const { log, close } = await openStores({ dataDir: folder });
  await log.putSnapshot('m', position.epoch, 1, Uint8Array.of(1));
  await close();

  await open();
  expect(await veneer()).toMatchObject({ code: 0, out: expect.stringContaining('  commit 1\n') });
  const verified = await veneer('--verify');
  expect(verified).toMatchObject({ code: 1, out: expect.stringMatching(/^commit 1 .*can not be read/) });
  expect(verified.out).toContain('1 snapshot, 1 wrong');
  const [verdict] = (await veneer('--verify', '--json')).out.trim().split('\n');
  expect(JSON.parse(verdict ?? '')).toMatchObject({ commit: 1, result: 'unreadable' });
});
