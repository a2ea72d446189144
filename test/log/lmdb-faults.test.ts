import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openLmdbLog } from '../../daemon/log/lmdb.ts';
import { openTables } from '../../daemon/log/lmdb-schema.ts';
import type { EventLog } from '../../daemon/log/log.ts';
import { isWhole } from './provable.ts';

const EPOCH = 'epoch001';
const ROUNDS = 24;
const CHILD = fileURLToPath(new URL('./append-child.ts', import.meta.url));
const STAGE_CHILD = fileURLToPath(new URL('./stage-child.ts', import.meta.url));

describe('the event log on LMDB, when things go wrong', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'veneerd-lmdb-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const booted = async (commits: number): Promise<EventLog> => {
    const log = await openLmdbLog(folder);
    await log.create('m', EPOCH, { id: 'c1', text: 'text 1' });
    for (let n = 1; n < commits; n++) await log.append('m', EPOCH, n, { id: `c${n + 1}`, text: `text ${n + 1}` });
    return log;
  };

  it(`LOG-9: nothing answered is lost and nothing is half there after ${ROUNDS} kills at random moments`, {
    timeout: 400_000,
  }, async () => {
    const answered = { kept: new Map<number, string>(), cut: new Map<number, string>() };
    for (let round = 0; round < ROUNDS; round++) {
      await appendAndKill(folder, round, answered);
      const log = await openLmdbLog(folder);
      for (const name of ['kept', 'cut'] as const) await checkMachine(log, name, answered[name]);
      await log.close();
    }
    expect(answered.kept.size).toBeGreaterThan(ROUNDS);
  });

  it('LOG-21: a second process that opens the folder is told which process has it', { timeout: 30_000 }, async () => {
    const child = spawn(process.execPath, ['--import', 'tsx', CHILD, folder, '0'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    const refused = openLmdbLog(folder);
    await expect(refused).rejects.toMatchObject({ code: 'store-locked', temporary: false });
    await expect(refused).rejects.toThrow(`${folder} is in use by another process, pid ${child.pid}`);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const log = await openLmdbLog(folder);
    expect(await log.head('kept')).toMatchObject({ first: 1 });
    await expect(openLmdbLog(folder)).rejects.toThrow(`in use by this process already, pid ${process.pid}`);
    await log.close();
  });

  it('LOG-19: a folder that holds something else says so', async () => {
    const log = await openLmdbLog(folder);
    await log.close();
    const data = join(folder, 'log', 'data.mdb');
    const whole = readFileSync(data);
    for (const damage of [
      (bytes: Buffer) => bytes.fill('x'),
      (bytes: Buffer) => bytes.fill(0),
      (bytes: Buffer) => bytes.fill(0xff, 24, 28),
      (bytes: Buffer) => bytes.fill(9, 28, 29),
      (bytes: Buffer) => bytes.fill(0xff, 48, 52),
      (bytes: Buffer) => bytes.fill(0, 4096, 8192),
      (bytes: Buffer) => bytes.subarray(0, 20),
      (bytes: Buffer) => bytes.subarray(0, 5000),
    ]) {
      writeFileSync(data, damage(Buffer.from(whole)));
      await expect(openLmdbLog(folder)).rejects.toMatchObject({ code: 'store-corrupt' });
      await expect(openLmdbLog(folder)).rejects.toThrow(data);
    }
    writeFileSync(data, whole);
    await (await openLmdbLog(folder)).close();
  });

  it('LOG-19: a gap, a foreign value and a damaged record are named, each by its key', async () => {
    await (await booted(9)).close();
    const tables = openTables(join(folder, 'log'));
    const { slot } = tables.machines.get('m') as { slot: number };
    await tables.commits.remove([slot, 3]);
    await tables.commits.put([slot, 5], 'no newline');
    await tables.ids.put([slot, 'c7'], 'seven');
    await tables.commits.remove([slot, 9]);
    await tables.machines.put('damaged', { form: 1, slot: 'x' }, 1);
    await tables.machines.put('newer', { form: 2, slot: 99, epoch: EPOCH, first: 1, head: 1 }, 1);
    await tables.env.close();

    const log = await openLmdbLog(folder);
    const corrupt = { code: 'store-corrupt' };
    const reading = (after: number, limit: number) => log.read('m', EPOCH, { after, limit });
    await expect(reading(1, 3)).rejects.toThrow(`commits/${slot}/3: expected this commit, found a gap up to 4`);
    await expect(reading(4, 1)).rejects.toThrow(`commits/${slot}/5: expected a command id`);
    await expect(reading(8, 9)).rejects.toThrow(`commits/${slot}/9: expected this commit, found nothing`);
    expect(await reading(5, 2)).toMatchObject({ status: 'page' });
    await expect(log.append('m', EPOCH, 9, { id: 'c7', text: 'x' })).rejects.toThrow(`ids/${slot}/c7`);
    await expect(log.head('damaged')).rejects.toMatchObject(corrupt);
    const { machines, damaged: listed } = await log.list();
    expect(machines).toEqual([{ name: 'm', epoch: EPOCH, first: 1, head: 9 }]);
    expect(listed).toMatchObject([{ name: 'damaged' }, { name: 'newer' }]);
    expect(listed[0]?.message).toContain('machines/damaged: expected {form, slot, epoch, first, head}, found');
    await expect(log.create('damaged', EPOCH, { id: 'a', text: 'b' })).rejects.toMatchObject(corrupt);
    const pages = log.follow('m', EPOCH, 1, new AbortController().signal)[Symbol.asyncIterator]();
    await expect(pages.next()).rejects.toMatchObject(corrupt);
    expect(await log.append('m', EPOCH, 9, { id: 'c10', text: 'x' })).toEqual({ status: 'appended', number: 10 });
    await log.close();
  });

  it('LOG-28: what a newer version has written is refused politely, a machine of it as well as all of it', async () => {
    await (await booted(3)).close();
    const tables = openTables(join(folder, 'log'));
    await tables.machines.put('newer', { form: 2, places: 7 }, 1);
    const log = await openLmdbLog(folder);
    const newer = { code: 'store-newer', temporary: false };
    const reads = [log.head('newer'), log.read('newer', EPOCH, { after: 0 }), log.trim('newer', EPOCH, 1)];
    const writes = [log.append('newer', EPOCH, 1, { id: 'c2', text: 'x' }), log.remove('newer', EPOCH)];
    for (const refused of [...reads, ...writes]) await expect(refused).rejects.toMatchObject(newer);
    await expect(log.head('newer')).rejects.toThrow(
      'machines/newer is of form 2: a newer version of veneerd has written it, this one knows form 1',
    );
    expect(tables.machines.get('newer')).toEqual({ form: 2, places: 7 });
    expect(await log.append('m', EPOCH, 3, { id: 'c4', text: 'x' })).toEqual({ status: 'appended', number: 4 });
    await log.close();

    expect(tables.daemon.get('form')).toBe(1);
    await tables.daemon.put('form', 3);
    await expect(openLmdbLog(folder)).rejects.toMatchObject(newer);
    await expect(openLmdbLog(folder)).rejects.toThrow(`${join(folder, 'log')}, daemon/form is of form 3`);
    expect(tables.daemon.get('owner')).toBeUndefined();
    await tables.daemon.put('form', 'x');
    await expect(openLmdbLog(folder)).rejects.toMatchObject({ code: 'store-corrupt' });
    await tables.daemon.remove('form');
    await (await openLmdbLog(folder)).close();
    await tables.env.close();
  });

  it('LOG-17: what was trimmed or removed leaves the file, also when the process ended before', {
    timeout: 30_000,
  }, async () => {
    const log = await booted(600);
    await log.create('gone', EPOCH, { id: 'c1', text: 'x' });
    await log.putSnapshot('gone', EPOCH, 1, Buffer.from('x'));
    await log.putSnapshot('m', EPOCH, 590, Buffer.from('x'));
    await log.trim('m', EPOCH, 590);
    await log.remove('gone', EPOCH);
    // The sweep is under way; closing does not wait for its end.
    await log.close();

    const again = await openLmdbLog(folder);
    const id = { id: 'c5', text: 'a trimmed id may come again' };
    expect(await again.append('m', EPOCH, 600, id)).toEqual({ status: 'appended', number: 601 });
    // The sweep shows in the file alone.
    const tables = openTables(join(folder, 'log'));
    await vi.waitFor(() => expect([tables.garbage.getCount(), tables.commits.getCount()]).toEqual([0, 11]), 20_000);
    expect(await again.append('m', EPOCH, 601, id)).toEqual({ status: 'duplicate', number: 601 });
    await again.close();
    expect(tables.commits.getCount()).toBe(11);
    expect(tables.ids.getCount()).toBe(11);
    expect(tables.snapshots.getCount()).toBe(1);
    expect(tables.garbage.getCount()).toBe(0);
    await tables.env.close();
  });

  it('LOG-27: a damaged commit that was trimmed keeps nothing of other machines in the file', {
    timeout: 30_000,
  }, async () => {
    const log = await booted(4);
    await log.create('n', EPOCH, { id: 'c1', text: 'x' });
    await log.append('n', EPOCH, 1, { id: 'c2', text: 'x' });
    const tables = openTables(join(folder, 'log'));
    const { slot } = tables.machines.get('m') as { slot: number };
    await tables.commits.put([slot, 2], 'no newline');
    await log.putSnapshot('m', EPOCH, 3, Buffer.from('x'));
    await log.trim('m', EPOCH, 3);
    await log.putSnapshot('n', EPOCH, 1, Buffer.from('x'));
    await log.trim('n', EPOCH, 1);
    await vi.waitFor(() => expect(tables.commits.getCount()).toBe(2), 20_000);
    await log.close();
    await tables.env.close();
  });

  it('LOG-23: a machine that was not published is swept when the folder is opened again, and not before', {
    timeout: 30_000,
  }, async () => {
    const log = await booted(3);
    const staging = log.stage('staged', EPOCH);
    const entries = Array.from({ length: 700 }, (_, n) => ({ id: `s${n}`, text: 'x' }));
    await staging.append(entries.slice(0, 600));
    await log.create('gone', EPOCH, { id: 'c1', text: 'x' });
    await log.remove('gone', EPOCH);
    const tables = openTables(join(folder, 'log'));
    await vi.waitFor(() => expect([tables.garbage.getCount(), tables.commits.getCount()]).toEqual([1, 603]), 20_000);
    await staging.append(entries.slice(600));
    const kept = log.stage('kept', EPOCH);
    await kept.append(entries);
    expect(await kept.publish()).toMatchObject({ status: 'created', head: 700 });
    await log.close();

    const again = await openLmdbLog(folder);
    await vi.waitFor(() => expect([tables.garbage.getCount(), tables.commits.getCount()]).toEqual([0, 703]), 20_000);
    expect((await again.list()).machines.map(({ name }) => name)).toEqual(['kept', 'm']);
    const discarded = again.stage('discarded', EPOCH);
    await discarded.append(entries);
    await discarded.discard();
    await vi.waitFor(() => expect([tables.garbage.getCount(), tables.commits.getCount()]).toEqual([0, 703]), 20_000);
    await again.close();
    await tables.env.close();
  });

  it('LOG-23: what a process had staged when it was killed is no machine, and goes', { timeout: 60_000 }, async () => {
    for (let round = 0; round < 3; round++) {
      const child = spawn(process.execPath, ['--import', 'tsx', STAGE_CHILD, folder], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      await once(child.stdout, 'data');
      setTimeout(() => child.kill('SIGKILL'), Math.random() * 100);
      await once(child, 'exit');
      const log = await openLmdbLog(folder);
      expect(await log.list()).toEqual({ machines: [], damaged: [] });
      expect(await log.find('staged', EPOCH, 'c0')).toBeUndefined();
      const tables = openTables(join(folder, 'log'));
      const left = () => [tables.garbage, tables.commits, tables.ids].map((table) => table.getCount());
      await vi.waitFor(() => expect(left()).toEqual([0, 0, 0]), 20_000);
      await log.close();
      await tables.env.close();
    }
  });
});

async function appendAndKill(
  folder: string,
  round: number,
  answered: { readonly kept: Map<number, string>; readonly cut: Map<number, string> },
): Promise<void> {
  const child = spawn(process.execPath, ['--import', 'tsx', CHILD, folder, String(round)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout });
  lines.once('line', () => setTimeout(() => child.kill('SIGKILL'), Math.random() * 250));
  for await (const line of lines) {
    const [name, number, id] = line.split(' ');
    if (id !== undefined && (name === 'kept' || name === 'cut')) answered[name].set(Number(number), id);
  }
  if (child.signalCode === null) await once(child, 'exit');
  expect(child.signalCode).toBe('SIGKILL');
}

async function checkMachine(log: EventLog, name: string, answered: ReadonlyMap<number, string>): Promise<void> {
  const machine = await log.head(name);
  const last = Math.max(0, ...answered.keys());
  if (machine === undefined) return expect(answered.size, `${name} is gone`).toBe(0);
  expect(machine.head).toBeGreaterThanOrEqual(last);
  let after = machine.first - 1;
  while (after < machine.head) {
    const page = await log.read(name, EPOCH, { after });
    if (page.status !== 'page') throw new Error(page.status);
    for (const { number, id, text } of page.entries) {
      expect(number).toBe(++after);
      expect(isWhole(id, text), `${name} ${number}`).toBe(true);
      if (answered.has(number)) expect(id).toBe(answered.get(number));
    }
  }
  if (machine.first > 1)
    expect((await log.latestSnapshot(name, EPOCH, machine.first - 1))?.number).toBe(machine.first - 1);
}
