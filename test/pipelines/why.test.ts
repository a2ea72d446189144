/** Who wrote an address: found by the ledger in a few commits, the answer is that of the whole log. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { generalDisassembler } from '../../daemon/disassembler.ts';
import { emptyHistory, foldHistory } from '../../daemon/kernel/inspect/history.ts';
import { COMMITS_KEPT } from '../../daemon/kernel/inspect/ledger.ts';
import { subjectOf } from '../../daemon/kernel/inspect/subject.ts';
import { why } from '../../daemon/kernel/inspect/why.ts';
import { evolve, initialState } from '../../daemon/kernel/kernel.ts';
import type { EventLog } from '../../daemon/log/log.ts';
import { openMemoryLog } from '../../daemon/log/memory.ts';
import type { Runtime } from '../../daemon/pipelines/runtime.ts';
import { fromHex, toHex } from '../../protocol/address.ts';
import type { Command } from '../../protocol/commands.ts';
import type { Commit } from '../../protocol/commit.ts';
import {
  ARM64_FLAVOURS,
  calls,
  FUNCS,
  KEY_NAMES,
  keyAddressOf,
  staticCallProfile,
  trampOf,
} from '../kernel/static-call/machine.ts';
import { commitsOf, filesOf, must, openTestRuntime, put } from './world.ts';

const NAMES = ['mod_a', 'mod_b', 'mod_c'];
const BLOBS = NAMES.map((name) => put(calls(name)));

const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...BLOBS).map((blob): Command => ({ type: 'load', blob })) },
  { weight: 2, arbitrary: fc.constantFrom(...NAMES).map((module): Command => ({ type: 'unload', module })) },
  {
    weight: 4,
    arbitrary: fc
      .record({ key: fc.constantFrom(...KEY_NAMES), func: fc.constantFrom(...Object.values(FUNCS), ...KEY_NAMES) })
      .map((given): Command => ({ type: 'update', ...given })),
  },
);

/** Addresses that something was ever written to, and some near them. */
function places(commits: readonly Commit[]): readonly number[] {
  const found = new Set<number>(KEY_NAMES.flatMap((name) => [trampOf(name), trampOf(name) + 12, keyAddressOf(name)]));
  for (const event of commits.flatMap(({ events }) => events)) {
    if (event.type === 'StaticCallPatched') found.add(fromHex(event.address));
    if (event.type === 'VeneerWritten') found.add(fromHex(event.address) + 4);
    if (event.type === 'MemoryAllocated')
      found.add(fromHex(event.address)).add(fromHex(event.address) + event.size - 4);
    if (event.type !== 'StaticCallSitesSorted') continue;
    for (const [address] of event.runs.flatMap(({ sites }) => sites)) found.add(fromHex(address));
  }
  return [...found];
}

/** The answer of a pass over the whole log. */
async function whole(commits: readonly Commit[], address: number): Promise<unknown> {
  const history = emptyHistory(address);
  let state = initialState();
  for (const commit of commits) {
    foldHistory(history, commit);
    state = commit.events.reduce(evolve, state);
  }
  const answered = why(subjectOf(state, filesOf(), await generalDisassembler()), history);
  return answered.ok ? answered.value : answered;
}

async function asked(runtime: Runtime, address: number, at: number): Promise<unknown> {
  const { position, ...answer } = must(await runtime.inspect.why({ machine: 'm', address: toHex(address), at }));
  expect(position.commit).toBe(at);
  return answer;
}

describe('why', () => {
  it.each(ARM64_FLAVOURS)(
    'WHY-10: with flavour %s, the ledger finds all that a pass over the whole log finds, anywhere and any time',
    { timeout: 240_000 },
    async (flavour) => {
      const session = fc.record({
        placement: fc.constantFrom('near' as const, 'far' as const, 'mixed' as const),
        orig: fc.boolean(),
        commands: fc.array(command, { minLength: 3, maxLength: 14 }),
        picks: fc.infiniteStream(fc.nat()),
      });
      await fc.assert(
        fc.asyncProperty(session, async ({ placement, orig, commands, picks }) => {
          const runtime = openTestRuntime();
          const profile = staticCallProfile(flavour, placement, { staticCallOrig: orig });
          const boot: Command = { type: 'boot', profile };
          must(await runtime.command('m', { id: 'boot', command: boot }));
          for (const [n, one] of commands.entries()) await runtime.command('m', { id: `c${n}`, command: one });
          const commits = await commitsOf(runtime, 'm');
          const all = places(commits);
          for (let n = 0; n < 6; n++) {
            const address = all[(picks.next().value ?? 0) % all.length] ?? 0;
            const at = 1 + ((picks.next().value ?? 0) % commits.length);
            expect(await asked(runtime, address, at)).toEqual(await whole(commits.slice(0, at), address));
          }
        }),
        { numRuns: 12 },
      );
    },
  );

  it('WHY-11: an answer reads a bounded part of a log of any length, and says how much older there is', async () => {
    let read = 0;
    const log = openMemoryLog();
    const counting: EventLog = {
      ...log,
      async read(name, epoch, options) {
        const page = await log.read(name, epoch, options);
        if (page.status === 'page') read += page.entries.length;
        return page;
      },
    };
    const runtime = openTestRuntime(counting);
    must(
      await runtime.command('m', {
        id: 'boot',
        command: { type: 'boot', profile: staticCallProfile('literal', 'near') },
      }),
    );
    must(await runtime.command('m', { id: 'load', command: { type: 'load', blob: BLOBS[0] ?? '' } }));
    const updates = COMMITS_KEPT + 100;
    for (let n = 0; n < updates; n++) {
      const func = n % 2 === 0 ? FUNCS.image : FUNCS.beyond;
      must(await runtime.command('m', { id: `u${n}`, command: { type: 'update', key: 'kfree', func } }));
    }
    must(await runtime.world.snapshots.ensure('m'));
    read = 0;
    const answer = must(await runtime.inspect.why({ machine: 'm', address: toHex(keyAddressOf('kfree')) }));
    expect(read).toBeLessThanOrEqual(COMMITS_KEPT + 2);
    expect(answer.writes).toHaveLength(COMMITS_KEPT + 1);
    expect(answer.writes[0]?.what).toBe('boot');
    expect(answer.writes.at(-1)?.commit).toBe(updates + 2);
    expect(answer.notes.join()).toContain('100 older writes are not listed');
  });

  it('WHY-12: after a trim the answer says who has the memory, and lists what is left', async () => {
    const log = openMemoryLog();
    const runtime = openTestRuntime(log);
    must(
      await runtime.command('m', {
        id: 'boot',
        command: { type: 'boot', profile: staticCallProfile('literal', 'near') },
      }),
    );
    const loaded = await runtime.command('m', { id: 'load', command: { type: 'load', blob: BLOBS[0] ?? '' } });
    const allocated = (JSON.parse(must(loaded).text) as Commit).events.find(
      (event) => event.type === 'MemoryAllocated',
    );
    const update: Command = { type: 'update', key: 'kfree', func: FUNCS.image };
    must(await runtime.command('m', { id: 'u1', command: update }));
    const { epoch, commit } = must(await runtime.world.snapshots.ensure('m'));
    must(await runtime.command('m', { id: 'u2', command: { ...update, func: FUNCS.beyond } }));
    expect(await log.trim('m', epoch, commit)).toEqual({ status: 'trimmed', first: 4 });
    const ask = async (address: number) => must(await runtime.inspect.why({ machine: 'm', address: toHex(address) }));
    const key = await ask(keyAddressOf('kfree'));
    expect(key.writes.map(({ what, commit: at }) => `${what} ${at}`)).toEqual(['func 4']);
    expect(key.notes.join()).toContain('2 older writes are not listed');
    must(await runtime.command('m', { id: 'gone', command: { type: 'unload', module: 'mod_a' } }));
    const gone = await ask(fromHex(allocated?.address ?? ''));
    expect(gone.notes.join()).toContain('mod_a (core) had this memory until commit 5 (unload mod_a) freed it');
  });
});
