/** Replay gives what live had: random commands, with snapshots, restarts and trims at random places in between. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { freeze } from '../../daemon/kernel/freeze.ts';
import { decide, initialState } from '../../daemon/kernel/kernel.ts';
import type { EventLog } from '../../daemon/log/log.ts';
import { openMemoryLog } from '../../daemon/log/memory.ts';
import { openStores } from '../../daemon/log/stores.ts';
import type { Runtime } from '../../daemon/pipelines/runtime.ts';
import { STATE } from '../../daemon/pipelines/snapshots-parts.ts';
import type { Command } from '../../protocol/commands.ts';
import type { Commit } from '../../protocol/commit.ts';
import { emptyView, fold } from '../../protocol/view/fold.ts';
import { viewJson } from '../../protocol/view/json.ts';
import { fixture } from '../fixtures/fixtures.ts';
import { ARM64_FLAVOURS, calls, FUNCS, KEY_NAMES, staticCallProfile } from '../kernel/static-call/machine.ts';
import { noRedisServer, startRedis } from '../support/redis.ts';
import { filesOf, must, openTestRuntime, put } from './world.ts';

const NAMES = ['mod_a', 'mod_b', 'mod_c', 'mod_d'];
const FILES = [...NAMES.map((name) => put(calls(name))), put(fixture('hello.ko')), put(fixture('unknown-symbol.ko'))];

const update = fc.record({
  key: fc.constantFrom(...KEY_NAMES),
  func: fc.constantFrom(...Object.values(FUNCS), ...KEY_NAMES),
});
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .record({ blob: fc.constantFrom(...FILES), fails: fc.option(fc.constantFrom('EIO', 1, 2), { freq: 4 }) })
      .map(({ blob, fails }): Command => {
        if (typeof fails === 'number') return { type: 'load', blob, failAllocation: fails };
        return { type: 'load', blob, ...(fails !== null && { init: { result: fails } }) };
      }),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(...NAMES, 'hello').map((module): Command => ({ type: 'unload', module })),
  },
  { weight: 3, arbitrary: update.map((given): Command => ({ type: 'update', ...given })) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(0, 1, null).map((at): Command => ({ type: 'bookmark', name: 'here', at })),
  },
);
type Step = { readonly do: Command } | 'snapshot' | 'restart' | 'trim' | 'look';
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: command.map((given) => ({ do: given })) },
  { weight: 4, arbitrary: fc.constantFrom('snapshot' as const, 'restart' as const, 'trim' as const, 'look' as const) },
);
const session = fc.record({
  flavour: fc.constantFrom(...ARM64_FLAVOURS),
  placement: fc.constantFrom('near' as const, 'far' as const, 'mixed' as const),
  steps: fc.array(step, { minLength: 4, maxLength: 30 }),
});
type Session = typeof session extends fc.Arbitrary<infer T> ? T : never;

interface Store {
  readonly log: EventLog;
  /** The same store, as a process that starts finds it. */
  restarted(): Promise<EventLog>;
}

let machines = 0;

async function play(store: Store, { flavour, placement, steps }: Session): Promise<void> {
  const name = `replay-${++machines}`;
  let runtime: Runtime = openTestRuntime(store.log);
  let state = initialState();
  const view = emptyView();
  const states = [freeze(state)];
  const views = [JSON.stringify(viewJson(view))];
  let first = 1;

  const run = async (given: Command): Promise<void> => {
    const live = decide(state, given, filesOf());
    const answer = await runtime.command(name, { id: `${name}-${views.length}`, command: given });
    if (!live.ok) {
      expect(answer).toMatchObject({ ok: false, error: { code: live.code, message: live.message } });
      return;
    }
    const commit: Commit = JSON.parse(must(answer).text);
    expect(commit.events).toEqual(live.events);
    state = live.state;
    fold(view, commit);
    states.push(freeze(state));
    views.push(JSON.stringify(viewJson(view)));
  };
  const check = async (at: number): Promise<void> => {
    expect(must(await runtime.view(name, at)).text).toBe(views[at]);
    const sought = must(await runtime.world.snapshots.seek(name, at, [STATE] as const));
    expect(freeze(sought.values[0])).toEqual(states[at]);
  };

  await run({ type: 'boot', profile: staticCallProfile(flavour, placement) });
  for (const one of steps) {
    const head = views.length - 1;
    if (typeof one === 'object') await run(one.do);
    else if (one === 'look') expect(must(await runtime.view(name)).text).toBe(views[head]);
    else if (one === 'restart') {
      await runtime.close();
      runtime = openTestRuntime(await store.restarted());
    } else {
      const { epoch, commit } = must(await runtime.world.snapshots.ensure(name));
      expect(commit).toBe(head);
      if (one !== 'trim') continue;
      first = head + 1;
      expect(await runtime.world.log.trim(name, epoch, commit)).toEqual({ status: 'trimmed', first });
    }
  }
  for (let at = first - 1; at < views.length; at++) await check(at);
  for (const { result } of must(await runtime.world.snapshots.verify(name))) expect(result).toMatch(/^(same|base)$/);
  const fresh = openTestRuntime(runtime.world.log);
  expect(must(await fresh.view(name)).text).toBe(views.at(-1));
  await runtime.close();
}

async function holds(store: Store, numRuns: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(session, (given) => play(store, given)),
    { numRuns },
  );
}

describe('SNAP-4: every position of a log is what it was when its commit was made', () => {
  it('in memory', { timeout: 120_000 }, async () => {
    const log = openMemoryLog();
    await holds({ log, restarted: async () => log }, 60);
  });

  it('in LMDB, closed and opened again', { timeout: 120_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'veneerd-replay-'));
    let stores = await openStores({ dataDir: folder });
    const store: Store = {
      get log() {
        return stores.log;
      },
      async restarted() {
        await stores.close();
        stores = await openStores({ dataDir: folder });
        return stores.log;
      },
    };
    try {
      await holds(store, 15);
    } finally {
      await stores.close();
      rmSync(folder, { recursive: true });
    }
  });

  const none = noRedisServer();
  if (none) console.warn(none);
  it.skipIf(none)('in Redis', { timeout: 120_000 }, async () => {
    const server = await startRedis();
    const stores = await openStores({ redisUrl: server.url });
    try {
      await holds({ log: stores.log, restarted: async () => stores.log }, 8);
    } finally {
      await stores.close();
      await server.close();
    }
  });
});
