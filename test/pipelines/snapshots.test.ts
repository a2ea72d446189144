import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { OLDER_VIEWS, SNAPSHOT_LEAST } from '../../daemon/limits.ts';
import type { EventLog } from '../../daemon/log/log.ts';
import { openMemoryLog } from '../../daemon/log/memory.ts';
import type { Runtime } from '../../daemon/pipelines/runtime.ts';
import { encodeSnapshot, partJson, partText, readHeader } from '../../daemon/pipelines/snapshots-codec.ts';
import { LEDGER, PARTS, STATE, VIEW } from '../../daemon/pipelines/snapshots-parts.ts';
import { seek } from '../../daemon/pipelines/snapshots-seek.ts';
import { toHex } from '../../protocol/address.ts';
import { bootAndLoad, commitsOf, epochOf, lengthen, load, must, openTestRuntime, refused } from './world.ts';

/** A log that counts what is read of it. */
function counted(log: EventLog): { readonly log: EventLog; readonly commits: () => number } {
  let commits = 0;
  return {
    log: {
      ...log,
      async read(name, epoch, options) {
        const page = await log.read(name, epoch, options);
        if (page.status === 'page') commits += page.entries.length;
        return page;
      },
    },
    commits: () => commits,
  };
}

it('SNAP-5: snapshots come as the log grows, take less room than it, and lie where the log says', async () => {
  const log = openMemoryLog();
  const runtime = openTestRuntime(log);
  await bootAndLoad(runtime, 'm', 20);
  await lengthen(runtime, 'm', 4);
  const epoch = await epochOf(runtime, 'm');
  await expect.poll(async () => (await log.snapshots('m', epoch)).length).toBeGreaterThan(2);
  await runtime.close();
  const numbers = await log.snapshots('m', epoch);
  const commits = await commitsOf(runtime, 'm');
  const bytes = commits.slice(0, numbers.at(-1)).reduce((sum, commit) => sum + JSON.stringify(commit).length, 0);
  let stored = 0;
  const found: Uint8Array[] = [];
  for (const number of numbers) {
    const snapshot = await log.latestSnapshot('m', epoch, number);
    stored += snapshot?.bytes.length ?? 0;
    found.push(snapshot?.bytes ?? Uint8Array.of());
  }
  expect(stored).toBeLessThan(bytes / 4);

  // The same commits in another log, whose snapshots are made afterwards and by somebody else.
  const copy = openMemoryLog();
  const importer = openTestRuntime(copy);
  must(await importer.append('m', null, commits.slice(0, 1)));
  const { epoch: other } = must(await importer.head('m'));
  await importer.close();
  for (const { number, id } of commits.slice(1)) {
    await copy.append('m', other, number - 1, { id, text: JSON.stringify(commits[number - 1]) });
  }
  const reader = openTestRuntime(copy);
  must(await reader.view('m'));
  await expect.poll(async () => (await copy.snapshots('m', other)).length).toBeGreaterThanOrEqual(numbers.length);
  expect((await copy.snapshots('m', other)).slice(0, numbers.length)).toEqual(numbers);
  for (const [i, number] of numbers.entries()) {
    const snapshot = await copy.latestSnapshot('m', other, number);
    expect(Buffer.compare(snapshot?.bytes ?? Uint8Array.of(), found[i] ?? Uint8Array.of())).toBe(0);
  }
});

it('SNAP-6: a daemon that reads makes none that another is about to make', async () => {
  const log = openMemoryLog();
  const writer = openTestRuntime(log);
  await bootAndLoad(writer, 'm', 5);
  const epoch = await epochOf(writer, 'm');
  const put: number[] = [];
  const reader = openTestRuntime({
    ...log,
    putSnapshot: (name, at, number, bytes) => {
      put.push(number);
      return log.putSnapshot(name, at, number, bytes);
    },
  });
  for (let round = 1; round <= 3; round++) {
    await lengthen(writer, 'm', 1);
    must(await reader.view('m'));
    must(await reader.view('m', 3));
    await expect.poll(async () => (await log.snapshots('m', epoch)).length).toBe(round);
  }
  await reader.close();
  expect(put).toEqual([]);
});

it('SNAP-6: of two daemons that write, one makes a snapshot', async () => {
  const log = openMemoryLog();
  const puts: number[] = [];
  const spied: EventLog = {
    ...log,
    putSnapshot: (name, epoch, number, bytes) => {
      puts.push(number);
      return log.putSnapshot(name, epoch, number, bytes);
    },
  };
  const [a, b] = [openTestRuntime(spied), openTestRuntime(spied)];
  await bootAndLoad(a, 'm', 1);
  const epoch = await epochOf(a, 'm');
  for (let round = 1; round <= 3; round++) {
    const { head } = must(await a.head('m'));
    for (let n = head + 1; n <= head + 750; n++) must(await refused(n % 2 === 0 ? a : b, 'm', n));
    await expect.poll(async () => (await log.snapshots('m', epoch)).length).toBe(round);
  }
  await Promise.all([a.close(), b.close()]);
  expect(puts).toEqual([...new Set(puts)]);
});

it('SNAP-7: after a restart the first command, view and question read the log from the newest snapshot on', async () => {
  const log = openMemoryLog();
  const runtime = openTestRuntime(log);
  await bootAndLoad(runtime, 'm', 10);
  await lengthen(runtime, 'm', 4);
  const epoch = await epochOf(runtime, 'm');
  await expect.poll(async () => (await log.snapshots('m', epoch)).length).toBeGreaterThan(2);
  await runtime.close();
  const { head } = must(await runtime.head('m'));
  const since = head - ((await log.snapshots('m', epoch)).at(-1) ?? 0);
  const asks: readonly ((daemon: Runtime) => Promise<unknown>)[] = [
    async (daemon) => must(await daemon.view('m')),
    async (daemon) =>
      must(await daemon.inspect.disassembly({ machine: 'm', address: '0xffff800000010000' }, 1)).position,
    async (daemon) => must(await daemon.view('m', head - 1)),
    async (daemon) => must(await refused(daemon, 'm', head + 1)),
  ];
  for (const ask of asks) {
    const { log: reading, commits } = counted(log);
    await ask(openTestRuntime(reading)).catch((error: unknown) => {
      // No code is there without module files: the state was read all the same.
      if (!String(error).includes('not-found')) throw error;
    });
    expect(commits()).toBeLessThanOrEqual(2 * (since + 1));
    expect(commits()).toBeLessThan(head / 2);
  }
});

it('SNAP-8, VIEW-2: what can be read of a log is never lost by a snapshot that can not', async () => {
  const log = openMemoryLog();
  const runtime = openTestRuntime(log);
  await bootAndLoad(runtime, 'm', 30);
  const epoch = await epochOf(runtime, 'm');
  const whole = must(await runtime.view('m')).text;
  must(await runtime.world.snapshots.ensure('m'));
  const good = await log.latestSnapshot('m', epoch, 31);
  if (good === undefined) throw new Error('no snapshot');
  const { header, start } = readHeader(good.bytes);
  const flipped = good.bytes.slice();
  flipped[start + 40] = (flipped[start + 40] ?? 0) ^ 1;
  const relabelled = Buffer.concat([
    Buffer.from(`${JSON.stringify({ ...header, commit: 30 })}\n`),
    good.bytes.subarray(start),
  ]);
  const shapeless = await Promise.all(
    PARTS.map(async ({ name }) => partText(name, { format: (await partJson(good.bytes, name)).format })),
  );
  const broken = [
    await encodeSnapshot(31, header.id, shapeless),
    Uint8Array.of(),
    Uint8Array.of(0x1f, 0x8b, 8),
    Buffer.from('{}\n'),
    good.bytes.subarray(0, start),
    good.bytes.subarray(0, good.bytes.length - 30),
    flipped,
    relabelled,
    Buffer.concat([Buffer.from(`${JSON.stringify({ ...header, format: 'veneerd/snapshot@9' })}\n`)]),
  ];
  for (const bytes of broken) {
    await log.putSnapshot('m', epoch, 31, bytes);
    const daemon = openTestRuntime(log);
    expect(must(await daemon.view('m')).text).toBe(whole);
    expect(must(await daemon.view('m', 31)).text).toBe(whole);
    const sought = must(await daemon.world.snapshots.seek('m', undefined, [STATE, LEDGER] as const));
    expect(sought.values[0].modules.size).toBe(30);
    expect(sought.values[1].commit).toBe(31);
  }
});

it('SNAP-8: where the log was trimmed, the snapshot that it rests on is named when it can not be read', async () => {
  const log = openMemoryLog();
  const runtime = openTestRuntime(log);
  await bootAndLoad(runtime, 'm', 9);
  const { epoch, commit } = must(await runtime.world.snapshots.ensure('m'));
  for (const name of ['x', 'y', 'z']) await load(runtime, 'm', name);
  expect(await log.trim('m', epoch, commit)).toEqual({ status: 'trimmed', first: 11 });
  await log.putSnapshot('m', epoch, 10, Buffer.from('{"format":"veneerd/snapshot@2"}\n'));
  const daemon = openTestRuntime(log, []);
  const words =
    /^m: commits before 11 were trimmed, and the snapshot at 10 can't be read: expected a header of veneerd\/snapshot@1/;
  await expect(daemon.view('m')).rejects.toThrow(words);
  const unreadable = { ok: false, error: { code: 'internal', message: expect.stringMatching(words) } };
  expect(await daemon.view('m', 12)).toMatchObject(unreadable);
  const command = await daemon.command('m', { id: 'late', command: { type: 'unload', module: 'x' } });
  expect(command).toMatchObject(unreadable);
});

it('SNAP-9: a snapshot at the head is made once, holds all parts, and carries a trimmed machine on', async () => {
  const log = openMemoryLog();
  const runtime = openTestRuntime(log);
  await bootAndLoad(runtime, 'm', 12);
  const before = must(await runtime.view('m')).text;
  const position = must(await runtime.world.snapshots.ensure('m'));
  expect(position.commit).toBe(13);
  const first = await log.latestSnapshot('m', position.epoch, 13);
  expect(must(await runtime.world.snapshots.ensure('m'))).toEqual(position);
  expect(readHeader(first?.bytes ?? Uint8Array.of()).header).toMatchObject({
    commit: 13,
    id: 'm-load-m12',
    parts: [{ name: VIEW.name }, { name: STATE.name }, { name: LEDGER.name }],
  });
  expect(await log.trim('m', position.epoch, 13)).toEqual({ status: 'trimmed', first: 14 });
  for (const daemon of [runtime, openTestRuntime(log)]) {
    expect(must(await daemon.view('m')).text).toBe(before);
    expect(must(await daemon.view('m', 13)).text).toBe(before);
    expect(await daemon.view('m', 12)).toMatchObject({ error: { code: 'position-trimmed' } });
  }
  await load(openTestRuntime(log), 'm', 'more');
  expect(must(await runtime.view('m')).position.commit).toBe(14);
  expect(await runtime.world.snapshots.ensure('none')).toMatchObject({ error: { code: 'no-such-machine' } });
});

it('SNAP-10: verifying makes each snapshot once more, and says which the log does not give', async () => {
  const log = openMemoryLog();
  const runtime = openTestRuntime(log);
  await bootAndLoad(runtime, 'm', 3);
  const verdicts = async () => {
    const found = must(await runtime.world.snapshots.verify('m'));
    return found.map(({ commit, result }) => `${commit} ${result}`);
  };
  expect(await verdicts()).toEqual([]);
  for (const name of ['a', 'b', 'c']) {
    must(await runtime.world.snapshots.ensure('m'));
    await load(runtime, 'm', name);
  }
  expect(await verdicts()).toEqual(['4 same', '5 same', '6 same']);
  const { epoch } = must(await runtime.head('m'));
  const other = await log.latestSnapshot('m', epoch, 4);
  const { header, start } = readHeader(other?.bytes ?? Uint8Array.of());
  const lie = [Buffer.from(`${JSON.stringify({ ...header, commit: 5 })}\n`), other?.bytes.subarray(start) ?? ''];
  await log.putSnapshot('m', epoch, 5, Buffer.concat(lie as Uint8Array[]));
  await log.putSnapshot('m', epoch, 6, Uint8Array.of(1));
  expect(await verdicts()).toEqual(['4 same', '5 differs', '6 unreadable']);
  await log.trim('m', epoch, 4);
  expect(await verdicts()).toEqual(['4 base', '5 differs', '6 unreadable']);
  expect(await runtime.world.snapshots.verify('none')).toMatchObject({ error: { code: 'no-such-machine' } });
});

it('SNAP-5: a large first commit does not make a snapshot of every one after it', async () => {
  const log = openMemoryLog();
  const runtime = openTestRuntime(log);
  const symbols = Object.fromEntries(
    Array.from({ length: 20_000 }, (_, n) => [`symbol_${(n * 7919) % 20_011}`, toHex(n * 64)]),
  );
  must(
    await runtime.command('m', { id: 'boot', command: { type: 'boot', preset: 'arm64-6.1', profile: { symbols } } }),
  );
  const epoch = await epochOf(runtime, 'm');
  await expect.poll(() => log.snapshots('m', epoch)).toEqual([1]);
  for (let n = 0; n < 50; n++) must(await refused(runtime, 'm', n));
  await runtime.close();
  expect(await log.snapshots('m', epoch)).toEqual([1]);
  expect((await commitsOf(runtime, 'm'))[0]?.events.length).toBeGreaterThan(0);
  expect(JSON.stringify((await commitsOf(runtime, 'm'))[0]).length).toBeGreaterThan(SNAPSHOT_LEAST);
});

it('VIEW-12: views at positions are made one after the other, and only so many wait', async () => {
  const log = openMemoryLog();
  const waiting: (() => void)[] = [];
  let slow = false;
  const runtime = openTestRuntime({
    ...log,
    async head(name) {
      if (slow) await new Promise<void>((resolve) => waiting.push(resolve));
      return log.head(name);
    },
  });
  await bootAndLoad(runtime, 'm', 2);
  slow = true;
  const asked = Array.from({ length: OLDER_VIEWS }, (_, n) => runtime.view(n % 2 === 0 ? 'm' : 'none', 1));
  expect(await runtime.view('m', 1)).toMatchObject({ error: { code: 'too-busy', temporary: true } });
  await expect.poll(() => waiting.length).toBe(1);
  slow = false;
  waiting[0]?.();
  const answers = await Promise.all(asked);
  expect(waiting.length).toBe(1);
  expect(answers.filter(({ ok }) => ok)).toHaveLength(OLDER_VIEWS / 2);
  must(await runtime.view('m', 1));
});

it('SNAP-11: verifying stops when nobody waits for it any more, or when the daemon is about to stop', async () => {
  const runtime = openTestRuntime(openMemoryLog());
  await bootAndLoad(runtime, 'm', 3);
  must(await runtime.world.snapshots.ensure('m'));
  const refused = { ok: false, error: { code: 'shutting-down' } };
  expect(await runtime.verifySnapshots('m', undefined, AbortSignal.abort())).toMatchObject(refused);
  expect(must(await runtime.verifySnapshots('m'))).toMatchObject([{ commit: 4, result: 'same' }]);
  await runtime.close();
  expect(await runtime.verifySnapshots('m')).toMatchObject(refused);
});

it('SNAP-14: folding a log of any length holds the newest state, and nothing of those before it', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const log = openMemoryLog();
  const runtime = openTestRuntime(log);
  await bootAndLoad(runtime, 'm', 1);
  for (let n = 0; n < 300; n++) {
    await load(runtime, 'm', `come-${n}`);
    must(await runtime.command('m', { id: `go-${n}`, command: { type: 'unload', module: `come-${n}` } }));
  }
  const { head } = must(await runtime.head('m'));
  await runtime.close();
  let early: WeakRef<object> | undefined;
  let left: object | undefined;
  const spied: typeof STATE = {
    ...STATE,
    fold(state, commit) {
      if (commit.number === 3)
        early = new WeakRef(commit.events.find(({ type }) => type === 'ModuleLaidOut') ?? commit);
      if (commit.number === head) {
        collect();
        left = early?.deref();
      }
      return STATE.fold(state, commit);
    },
  };
  const waiting: EventLog = {
    ...log,
    async read(name, epoch, options) {
      // What a WeakRef was made of stays until the end of its turn.
      await new Promise((resolve) => setImmediate(resolve));
      return log.read(name, epoch, options);
    },
    latestSnapshot: async () => undefined,
  };
  must(await seek(waiting, 'm', undefined, [spied] as const));
  expect(early).toBeDefined();
  expect(left).toBeUndefined();
});
