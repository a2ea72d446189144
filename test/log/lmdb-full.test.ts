/** LMDB where the disk is full: a real file system of a few MiB, and a limit on the size of files. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLmdbLog } from '../../daemon/log/lmdb.ts';
import type { EventLog } from '../../daemon/log/log.ts';
import { isWhole, provable } from './provable.ts';

const EPOCH = 'epoch001';
const CHILD = fileURLToPath(new URL('./full-child.ts', import.meta.url));
/** Bytes of a commit. */
const COMMIT = 40_000;

const entry = (number: number, size = COMMIT) => ({ id: `c${number}`, text: provable(`c${number}`, size) });

/** Appends until it can't be done; the head. */
async function untilFull(log: EventLog): Promise<number> {
  for (let head = (await log.head('m'))?.head ?? 0; ; head++) {
    const result = await log.append('m', EPOCH, head, entry(head + 1)).catch(() => undefined);
    if (result === undefined) return head;
    expect(result).toEqual({ status: 'appended', number: head + 1 });
  }
}

async function checkWhole(log: EventLog, head: number): Promise<void> {
  expect(await log.head('m')).toEqual({ name: 'm', epoch: EPOCH, first: 1, head });
  let after = 0;
  while (after < head) {
    const page = await log.read('m', EPOCH, { after });
    if (page.status !== 'page') throw new Error(page.status);
    for (const { number, id, text } of page.entries) {
      expect([number, id]).toEqual([after + 1, `c${after + 1}`]);
      expect(isWhole(id, text)).toBe(true);
      after++;
    }
  }
}

describe('the event log on LMDB, when the disk is full', () => {
  let mounted: string;
  beforeEach(() => {
    mounted = mkdtempSync(join(tmpdir(), 'veneerd-full-'));
  });
  afterEach(() => {
    spawnSync('umount', [mounted]);
    rmSync(mounted, { recursive: true, force: true });
  });
  const mount = (): boolean => spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=9m', 'tmpfs', mounted]).status === 0;
  const grow = (): void => {
    expect(spawnSync('mount', ['-o', 'remount,size=40m', mounted]).status).toBe(0);
  };

  it('LOG-29: appends fail for the time being, leave nothing half done, and go on when there is room', {
    timeout: 60_000,
  }, async ({ skip }) => {
    if (!mount()) return skip('SKIPPED: no file system can be mounted here (that takes root)');
    const folder = join(mounted, 'data');
    const log = await openLmdbLog(folder);
    await log.create('m', EPOCH, entry(1));
    const head = await untilFull(log);
    expect(head).toBeGreaterThan(10);

    const full = { code: 'store-unavailable', temporary: true };
    // Those after the first one rest on it: they may be refused as well.
    const burst = await Promise.allSettled(
      Array.from({ length: 8 }, (_, n) => log.append('m', EPOCH, head + n, entry(head + 1 + n))),
    );
    expect(burst[0]).toMatchObject({ status: 'rejected', reason: full });
    const appended = burst.filter((one) => one.status === 'fulfilled' && one.value.status === 'appended');
    expect(appended).toEqual([]);
    await expect(log.append('m', EPOCH, head, entry(head + 1))).rejects.toThrow(
      /data\/log can't be written: the disk is full but for what LMDB needs to go on; \d+\.\d MiB are free there$/,
    );
    const staging = log.stage('staged', EPOCH);
    await expect(staging.append([entry(1, 4_000_000)])).rejects.toMatchObject(full);
    await staging.discard();
    await expect(log.putSnapshot('m', EPOCH, 1, new Uint8Array(4_000_000))).rejects.toMatchObject(full);
    await checkWhole(log, head);

    grow();
    const more = await Promise.all(
      Array.from({ length: 8 }, (_, n) => log.append('m', EPOCH, head + n, entry(head + 1 + n))),
    );
    expect(more.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 'appended'));
    await checkWhole(log, head + 8);
    await log.close();
    const again = await openLmdbLog(folder);
    await checkWhole(again, head + 8);
    expect((await again.list()).machines.map(({ name }) => name)).toEqual(['m']);
    await again.close();
  });

  it('LOG-29: a folder that has no room is left and opened again politely', { timeout: 60_000 }, async ({ skip }) => {
    if (!mount()) return skip('SKIPPED: no file system can be mounted here (that takes root)');
    const folder = join(mounted, 'data');
    const log = await openLmdbLog(folder);
    await log.create('m', EPOCH, entry(1));
    const head = await untilFull(log);
    const { bavail, bsize } = statfsSync(mounted);
    writeFileSync(join(mounted, 'filler'), new Uint8Array(bavail * bsize));
    await log.close();

    const full = { code: 'store-unavailable', temporary: true };
    for (const path of [folder, join(mounted, 'another')]) {
      const refused = openLmdbLog(path);
      await expect(refused).rejects.toMatchObject(full);
      await expect(refused).rejects.toThrow(path);
    }
    grow();
    const again = await openLmdbLog(folder);
    await checkWhole(again, head);
    expect(await again.append('m', EPOCH, head, entry(head + 1))).toEqual({ status: 'appended', number: head + 1 });
    await again.close();
  });

  it('LOG-29: a limit on the size of files is a full disk', { timeout: 60_000 }, async () => {
    const limited = spawnSync(
      'bash',
      ['-c', `ulimit -f 4000 && exec "$0" --import tsx "$1" "$2"`, process.execPath, CHILD, mounted],
      { encoding: 'utf8' },
    );
    expect(limited.status, limited.stderr).toBe(0);
    const { last, head, answer, again } = JSON.parse(limited.stdout) as Record<string, string | number>;
    expect(Number(last)).toBeGreaterThan(10);
    expect(head).toBe(last);
    for (const failed of [answer, again]) {
      expect(failed).toContain(`store-unavailable, temporary: ${join(mounted, 'log')} can't be written: `);
    }
    const log = await openLmdbLog(mounted);
    await checkWhole(log, Number(last));
    expect(await log.append('m', EPOCH, Number(last), entry(Number(last) + 1))).toMatchObject({ status: 'appended' });
    await log.close();
  });

  it('LOG-29: below the limits of the disk there is none, also for the largest commit in a small file', {
    timeout: 120_000,
  }, async () => {
    const log = await openLmdbLog(mounted);
    const names = ['a', 'b', 'c'];
    await Promise.all(names.map((name) => log.create(name, EPOCH, { id: 'c1', text: 'x' })));
    const huge = `${'y'.repeat(60 << 20)}`;
    const sent = names.map((name) => log.append(name, EPOCH, 1, { id: 'c2', text: `${name}${huge}` }));
    expect(await Promise.all(sent)).toEqual(names.map(() => ({ status: 'appended', number: 2 })));
    for (const name of names) {
      const page = await log.read(name, EPOCH, { after: 1 });
      expect(page.status === 'page' && page.entries[0]?.text === `${name}${huge}`).toBe(true);
    }
    await log.close();
  });
});
