import { expect, it } from 'vitest';
import { MAILBOX } from '../../daemon/limits.ts';
import { openMemoryLog } from '../../daemon/log/memory.ts';
import type { Runtime } from '../../daemon/pipelines/runtime.ts';
import { bootAndLoad, commitsOf, eventTypes, load, must, openTestRuntime, stored } from './world.ts';

it('CMD-1: a command becomes one commit that holds all its events', async () => {
  const runtime = openTestRuntime();
  await bootAndLoad(runtime, 'm', 1);
  const answer = must(await runtime.command('m', { id: 'gone', command: { type: 'unload', module: 'm1' } }));
  expect(answer).toMatchObject({ number: 3, repeated: false });
  expect(eventTypes(answer.text)).toContain('ModuleGone');
  expect((await commitsOf(runtime, 'm')).map((c) => c.number)).toEqual([1, 2, 3]);
});

it('CMD-2: a repeated id is answered with the first commit, also after a restart and when it would be refused now', async () => {
  const log = openMemoryLog();
  const runtime = openTestRuntime(log);
  await bootAndLoad(runtime, 'm', 1);
  const boot = { id: 'm-boot', command: { type: 'boot' } } as const;
  const request = { id: 'm-load-m1', command: { type: 'load', blob: stored('m1') } } as const;
  const unknown = { id: 'm-load-m1', command: { type: 'load', blob: 'f'.repeat(64) } } as const;
  for (const daemon of [runtime, openTestRuntime(log)]) {
    expect(must(await daemon.command('m', boot))).toMatchObject({ number: 1, repeated: true });
    const answer = must(await daemon.command('m', request));
    expect(answer).toMatchObject({ number: 2, repeated: true });
    expect(eventTypes(answer.text)).toContain('ModuleLive');
    expect(must(await daemon.command('m', unknown)).number).toBe(2);
    const { epoch } = answer;
    expect(must(await daemon.command('m', { ...request, expected: { epoch, commit: 1 } })).number).toBe(2);
  }
  expect(await commitsOf(runtime, 'm')).toHaveLength(2);
});

it("CMD-3: the kernel's errors are commits, refusals leave nothing in the log", async () => {
  const runtime = openTestRuntime();
  const loadM1 = { type: 'load', blob: stored('m1') } as const;
  expect(await runtime.command('m', { id: '1', command: loadM1 })).toMatchObject({
    error: { code: 'no-such-machine' },
  });
  await bootAndLoad(runtime, 'm', 1);
  const again = must(await runtime.command('m', { id: '2', command: loadM1 }));
  expect(eventTypes(again.text)).toEqual(expect.arrayContaining(['ModuleLoadFailed']));
  const noBlob = await runtime.command('m', { id: '3', command: { type: 'load', blob: '0'.repeat(64) } });
  expect(noBlob).toMatchObject({ ok: false, error: { code: 'no-such-blob', temporary: false } });
  const exists = await runtime.command('m', { id: '4', command: { type: 'boot' } });
  expect(exists).toMatchObject({ ok: false, error: { code: 'machine-exists' } });
  expect(await commitsOf(runtime, 'm')).toHaveLength(3);
});

it('CMD-4: commands that come at once happen in their order, and beyond the mailbox they are too many', async () => {
  const runtime = openTestRuntime();
  await bootAndLoad(runtime, 'm', 0);
  const sent = Array.from({ length: MAILBOX + 5 }, (_, n) =>
    runtime.command('m', { id: `u${n}`, command: { type: 'unload', module: 'none' } }),
  );
  const answers = await Promise.all(sent);
  expect(answers.slice(0, MAILBOX).map((a) => a.ok && a.value.number)).toEqual(
    Array.from({ length: MAILBOX }, (_, n) => n + 2),
  );
  for (const late of answers.slice(MAILBOX)) {
    expect(late).toMatchObject({ ok: false, error: { code: 'too-busy', temporary: true } });
  }
});

it('CMD-5: two daemons on one log take turns and lose nothing', async () => {
  const log = openMemoryLog();
  const [a, b] = [openTestRuntime(log), openTestRuntime(log)];
  await bootAndLoad(a, 'm', 0);
  const loadAll = async (runtime: Runtime, side: number): Promise<void> => {
    for (let n = side; n < 30; n += 2) {
      const request = { id: `load-${n}`, command: { type: 'load', blob: stored(`m${n}`) } } as const;
      let answer = await runtime.command('m', request);
      while (!answer.ok && answer.error.temporary) answer = await runtime.command('m', request);
      must(answer);
    }
  };
  await Promise.all([loadAll(a, 0), loadAll(b, 1)]);
  const commits = await commitsOf(a, 'm');
  expect(commits.map((c) => c.number)).toEqual(Array.from({ length: 31 }, (_, n) => n + 1));
  const loaded = commits.flatMap((c) => c.events).filter((e) => e.type === 'ModuleLaidOut');
  expect(new Set(loaded.map((e) => e.parts[0]?.address)).size).toBe(30);
});

it('CMD-5: appends that another was first to are counted, those decided again and those given up', async () => {
  const log = openMemoryLog();
  const rival = openTestRuntime(log);
  await bootAndLoad(rival, 'm', 0);
  /** How many of the next appends somebody else gets in before. */
  let beaten = 0;
  let rivals = 0;
  const slow = openTestRuntime({
    ...log,
    async append(...args) {
      if (beaten-- > 0) await load(rival, 'm', `rival${rivals++}`);
      return log.append(...args);
    },
  });
  const unload = (id: string) => slow.command('m', { id, command: { type: 'unload', module: 'none' } });
  beaten = 3;
  expect(must(await unload('late')).number).toBe(5);
  expect(slow.world.conflicts).toEqual({ retried: 3, givenUp: 0 });
  beaten = 8;
  expect(await unload('beaten')).toMatchObject({ error: { code: 'version-conflict', temporary: true } });
  expect(slow.world.conflicts).toEqual({ retried: 10, givenUp: 1 });
  expect(rival.world.conflicts).toEqual({ retried: 0, givenUp: 0 });
});

it('CMD-6: a command that expects another position is refused, and a boot expects none', async () => {
  const runtime = openTestRuntime();
  await bootAndLoad(runtime, 'm', 1);
  const { epoch } = must(await runtime.head('m'));
  const unload = { type: 'unload', module: 'm1' } as const;
  const at = (commit: number) =>
    runtime.command('m', { id: `at${commit}`, command: unload, expected: { epoch, commit } });
  expect(await at(1)).toMatchObject({ ok: false, error: { code: 'version-conflict', temporary: true } });
  expect(await at(3)).toMatchObject({ ok: false, error: { code: 'version-conflict' } });
  expect(must(await at(2)).number).toBe(3);
  const boot = await runtime.command('n', { id: 'b', command: { type: 'boot' }, expected: { epoch, commit: 0 } });
  expect(boot).toMatchObject({ ok: false, error: { code: 'bad-command' } });
});

it('CMD-7: recorded commits that another daemon gets in before are refused for now, and no fault of theirs', async () => {
  const log = openMemoryLog();
  const rival = openTestRuntime(log);
  await bootAndLoad(rival, 'm', 2);
  const commits = await commitsOf(rival, 'm');
  let onRead = async (): Promise<void> => undefined;
  const late = openTestRuntime({
    ...log,
    async read(...args) {
      await onRead();
      return log.read(...args);
    },
  });
  const position = must(await late.append('copy', null, commits.slice(0, 2)));
  must(await late.view('copy'));
  let reads = 0;
  onRead = async () => {
    if (++reads === 2) await load(rival, 'copy', 'rival');
  };
  expect(await late.append('copy', position, commits.slice(2))).toMatchObject({
    error: { code: 'version-conflict', temporary: true },
  });
  expect(must(await late.view('copy')).text).toBe(must(await rival.view('copy')).text);
});

it('CMD-7: recorded commits enter as they are, once, and only if they fit', async () => {
  const source = openTestRuntime();
  await bootAndLoad(source, 'm', 3);
  const commits = await commitsOf(source, 'm');
  const runtime = openTestRuntime();
  const first = must(await runtime.append('copy', null, commits.slice(0, 2)));
  expect(first.commit).toBe(2);
  expect(must(await runtime.append('copy', null, commits.slice(0, 2)))).toEqual(first);
  expect(await runtime.append('copy', first, commits.slice(3))).toMatchObject({ error: { code: 'bad-session' } });
  const [third] = commits.slice(2, 3);
  if (third === undefined) throw new Error('three loads make four commits');
  const absurd = { ...third, events: [{ type: 'ModuleLive' as const, module: 'nobody' }] };
  expect(await runtime.append('copy', first, [absurd])).toMatchObject({ error: { code: 'bad-session' } });
  const twice = { ...third, id: 'm-load-m1' };
  expect(await runtime.append('copy', first, [twice])).toMatchObject({ error: { code: 'bad-session' } });
  expect(must(await runtime.append('copy', first, commits.slice(2))).commit).toBe(4);
  expect(must(await runtime.append('copy', first, commits.slice(2))).commit).toBe(4);
  expect(await commitsOf(runtime, 'copy')).toEqual(commits);
  expect(must(await runtime.view('copy')).text).toBe(must(await source.view('m')).text);
  await load(runtime, 'copy', 'm4');
});

it('CMD-8: what was taken is done before the end, the rest is refused', async () => {
  const runtime = openTestRuntime();
  await bootAndLoad(runtime, 'm', 0);
  const taken = runtime.command('m', { id: 'taken', command: { type: 'unload', module: 'none' } });
  const end = runtime.close();
  const late = await runtime.command('m', { id: 'late', command: { type: 'unload', module: 'none' } });
  expect(late).toMatchObject({ ok: false, error: { code: 'shutting-down', temporary: true } });
  await end;
  expect(must(await taken).number).toBe(2);
});
