import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHex } from '../../../protocol/address.ts';
import type { Command } from '../../../protocol/commands.ts';
import type { Commit } from '../../../protocol/commit.ts';
import type { EventOf, EventType } from '../../../protocol/events/index.ts';
import type { ForkChanges } from '../../../protocol/fork.ts';
import { emptyView, fold } from '../../../protocol/view/fold.ts';
import { manifestBytes } from '../loader/machine.ts';
import { ARM64_FLAVOURS, calls, FUNCS, KEY_NAMES, staticCallProfile, TEXT } from '../static-call/machine.ts';
import { digestOf, EPOCH, forked, Log, stateOf, withoutOrigin } from './support.ts';

const NAMES = ['mod_a', 'mod_b', 'mod_c'];
const FIXTURES = ['chain-a', 'chain-b', 'chain-c', 'hello', 'no-exit', 'unknown-symbol'];

/** A place inside a module, or inside the module that the command itself loads: resolved when its address is known. */
const func = fc.oneof(
  fc.constantFrom(...Object.values(FUNCS), ...KEY_NAMES),
  fc.record({ into: fc.constantFrom(...NAMES), offset: fc.constantFrom(0, 4, 0x44) }),
);
const update = fc.record({ key: fc.constantFrom(...KEY_NAMES), func });
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      op: fc.constant('load' as const),
      name: fc.constantFrom(...NAMES),
      updates: fc.array(update, { maxLength: 2 }),
      fails: fc.option(fc.constantFrom('init' as const, 1, 2)),
    }),
  },
  { weight: 3, arbitrary: fc.record({ op: fc.constant('fixture' as const), name: fc.constantFrom(...FIXTURES) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      op: fc.constant('unload' as const),
      name: fc.constantFrom(...NAMES, 'chain_a', 'chain_b', 'hello', 'no_exit'),
      updates: fc.array(update, { maxLength: 1 }),
      held: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ op: fc.constant('update' as const), update }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('bookmark' as const), back: fc.nat(3) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
type Update = Extract<Step, { op: 'update' }>['update'];

/** The address of a place in `.text` of a module; of one that is not there, of the image. */
function placeOf(commits: readonly Commit[], loaded: Log, into: string, offset: number): string {
  const laidOut = loaded.state.modules.get(into)?.laidOut ?? lastLaidOut(commits, into);
  const text = laidOut?.sections.find(({ name }) => name === '.text');
  return text ? toHex(Number(BigInt.asIntN(64, BigInt(text.address))) + offset) : FUNCS.image;
}

function lastLaidOut(commits: readonly Commit[], module: string): EventOf<'ModuleLaidOut'> | undefined {
  return eventsOf(commits, 'ModuleLaidOut').findLast((event) => event.module === module);
}

function eventsOf<T extends EventType>(commits: readonly Commit[], type: T): readonly EventOf<T>[] {
  return commits.flatMap(({ events }) => events).filter((event): event is EventOf<T> => event.type === type);
}

function run(log: Log, given: Step): void {
  const meant = (all: readonly Update[], own: readonly Commit[] = []) =>
    all.map(({ key, func: to }) => ({
      key,
      func: typeof to === 'string' ? to : placeOf(own, log, to.into, to.offset),
    }));
  switch (given.op) {
    case 'load': {
      const blob = log.put(calls(given.name));
      // Where the module itself will lie shows when it is tried without its updates.
      const trial = new Log();
      trial.state = log.state;
      trial.blobs.set(blob, calls(given.name));
      trial.take({ type: 'load', blob });
      const updates = meant(given.updates, trial.commits);
      const { fails } = given;
      log.take({
        type: 'load',
        blob,
        ...(typeof fails === 'number' && { failAllocation: fails }),
        init: { updates, ...(fails === 'init' && { result: 'EIO' }) },
      });
      return;
    }
    case 'fixture':
      log.fixture(given.name);
      return;
    case 'unload':
      log.take({
        type: 'unload',
        module: given.name,
        ...(given.held && { held: true }),
        exit: { updates: meant(given.updates) },
      });
      return;
    case 'update': {
      const [one] = meant([given.update]);
      if (one) log.take({ type: 'update', ...one });
      return;
    }
    case 'bookmark': {
      const at = Math.max(0, log.commits.length - given.back);
      log.take({ type: 'bookmark', name: `b${given.back}`, at });
    }
  }
}

const machine = fc.record({
  flavour: fc.constantFrom(...ARM64_FLAVOURS),
  placement: fc.constantFrom('near' as const, 'far' as const, 'mixed' as const),
  seed: fc.option(fc.nat(1000), { nil: undefined }),
  steps: fc.array(step, { maxLength: 14 }),
});
type Given = typeof machine extends fc.Arbitrary<infer T> ? T : never;

/** An image that holds its symbols, trampolines and keys, so that they move with it. */
const kernel = { text: toHex(TEXT), etext: toHex(TEXT + 2 ** 20), end: toHex(TEXT + 2 ** 21) };

function logOf({ flavour, placement, seed, steps }: Given): Log {
  const profile = staticCallProfile(flavour, placement, { kernel });
  const log = new Log({ profile, ...(seed !== undefined && { kaslrSeed: seed }) });
  for (const one of steps) run(log, one);
  return log;
}

/** Says what is there already: every command is decided again. */
const SAME: ForkChanges = { profile: { layout: 'linux-6.1' } };

describe('a fork', () => {
  it('FORK-4: decided again without a change, every command gives the events that it gave', () => {
    fc.assert(
      fc.property(machine, (given) => {
        const log = logOf(given);
        const fork = forked(log.commits, SAME, log.blobs);
        expect(withoutOrigin(fork.commits)).toEqual(log.commits);
        expect(digestOf(fork.commits)).toBe(digestOf(log.commits));
        expect(fork.counts).toMatchObject({ decided: log.commits.length, copied: 0, refused: 0, translated: 0 });
      }),
      { numRuns: 120 },
    );
  });

  it('FORK-4, FORK-7: there and back: moved by KASLR, then moved back, everything is as it was', () => {
    fc.assert(
      fc.property(machine, fc.nat(1000), (given, seed) => {
        const log = logOf(given);
        const back = given.seed ?? null;
        const moved = forked(log.commits, { kaslrSeed: seed }, log.blobs);
        expect(moved.commits.map(({ id, time, number }) => [id, time, number])).toEqual(
          log.commits.map(({ id, time, number }) => [id, time, number]),
        );
        const { moduleRegion = {}, reserved = [] } = eventsOf(log.commits, 'MachineBooted')[0]?.profile ?? {};
        const changes = { kaslrSeed: back, profile: back === null ? { moduleRegion, reserved } : {} };
        const again = forked(moved.commits, changes, log.blobs, 'epoch002');
        expect(moved.counts.refused).toBe(0);
        expect(withoutOrigin(again.commits).map(({ events }) => events)).toEqual(
          log.commits.map(({ events }) => events),
        );
      }),
      { numRuns: 60 },
    );
  });

  it('FORK-3: of a prefix, followed by the commands that came then, is the source again', () => {
    fc.assert(
      fc.property(machine, fc.nat(), fc.boolean(), (given, where, decided) => {
        const log = logOf(given);
        const at = 1 + (where % log.commits.length);
        const fork = forked(log.commits.slice(0, at), decided ? SAME : {}, log.blobs);
        expect(fork.needed.size > 0 && !decided).toBe(false);
        const rest = new Log();
        rest.state = stateOf(fork.commits);
        for (const [blob, bytes] of log.blobs) rest.blobs.set(blob, bytes);
        const more = log.commits.slice(at).map(({ command, ...commit }) => ({
          ...commit,
          command,
          events: [...rest.take(command)],
        }));
        const all = [...fork.commits, ...more];
        expect(withoutOrigin(all)).toEqual(log.commits);
        expect(digestOf(all)).toBe(digestOf(log.commits));
      }),
      { numRuns: 60 },
    );
  });

  it('FORK-4, FORK-10: any changes give the same fork twice; its commits fold, are in order and add up', () => {
    const changes: fc.Arbitrary<ForkChanges> = fc.record(
      {
        profile: fc.record(
          {
            staticCall: fc.constantFrom(...ARM64_FLAVOURS),
            layout: fc.constantFrom('linux-6.1' as const, 'linux-6.12' as const),
            errata: fc.constantFrom([], ['843419']),
          },
          { requiredKeys: [] },
        ),
        kaslrSeed: fc.nat(50),
        staticCalls: fc.constant({ without: ['kfree'], with: ['ftrace_caller'] }),
        without: fc.constant(['mod_a']),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(machine, changes, (given, change) => {
        const log = logOf(given);
        log.load(calls('mod_a'));
        const fork = forked(log.commits, change, log.blobs);
        expect(forked(log.commits, change, log.blobs)).toEqual(fork);
        const { copied, decided, refused, added, leftOut } = fork.counts;
        expect(copied + decided + refused + added).toBe(fork.commits.length);
        expect(copied + decided + refused + leftOut).toBe(log.commits.length);
        const view = fork.commits.reduce(fold, emptyView());
        expect(view.fork).toEqual({
          from: { machine: 'm', epoch: EPOCH, commit: log.commits.length },
          changes: change,
          refused,
        });
        if (change.without)
          expect(eventsOf(fork.commits, 'ModuleLaidOut').map(({ module }) => module)).not.toContain('mod_a');
      }),
      { numRuns: 80 },
    );
  });
});

describe('what a change touches', () => {
  it('FORK-3: commits are taken over up to the module that is left out, and files are needed only after it', () => {
    const log = new Log();
    for (const name of ['chain-a', 'hello', 'chain-b']) log.fixture(name);
    log.take({ type: 'unload', module: 'hello' });
    const fork = forked(log.commits, { without: ['hello'] }, log.blobs);
    expect(fork.counts).toEqual({ copied: 2, decided: 1, refused: 0, added: 0, leftOut: 2, translated: 0 });
    expect(fork.commits.map(({ id, number }) => [id, number])).toEqual([
      ['c1', 1],
      ['c2', 2],
      ['c4', 3],
    ]);
    const command = log.commits[3]?.command;
    expect([...fork.needed]).toEqual([command?.type === 'load' ? command.blob : '']);
  });

  it('FORK-6: without a module its dependents fail, with the words of the kernel', () => {
    const log = new Log({ profile: staticCallProfile('literal', 'near', { openSymbols: false }) });
    log.load(manifestBytes({ name: 'base', exports: [{ name: 'base_call', section: '.text', offset: 0 }] }));
    log.load(manifestBytes({ name: 'user', imports: ['base_call'] }));
    const fork = forked(log.commits, { without: ['base'] }, log.blobs);
    expect(eventsOf(fork.commits, 'ModuleLoadFailed')).toMatchObject([
      { module: 'user', errno: 'ENOENT', words: 'user: Unknown symbol base_call (err -2)' },
    ]);
  });

  it('FORK-6: an unload of what is not there fails as an unload does; a command of no sense is an event, and counted', () => {
    const profile = staticCallProfile('inline-defuse', 'near');
    const log = new Log({ profile });
    log.load(calls('mod_a'));
    log.take({ type: 'update', key: 'kfree', func: '_printk' });
    log.take({ type: 'unload', module: 'mod_a' });
    const changes: ForkChanges = {
      profile: { moduleRegion: { direct: null, fallback: null } },
      staticCalls: { without: ['kfree'] },
    };
    const fork = forked(log.commits, changes, log.blobs);
    expect(fork.commits.slice(1).map(({ events }) => events.at(-1))).toMatchObject([
      { type: 'ModuleLoadFailed', errno: 'ENOMEM' },
      { type: 'CommandRefused', code: 'no-such-key', message: 'there is no static-call key kfree' },
      { type: 'ModuleUnloadFailed', errno: 'ENOENT' },
    ]);
    expect(fork.counts).toMatchObject({ decided: 3, refused: 1 });
    expect(fork.commits.map(({ command }) => command).slice(1)).toEqual(
      log.commits.map(({ command }) => command).slice(1),
    );
  });

  it('FORK-10: modules are added before a module, after a commit, and at the end', () => {
    const log = new Log();
    for (const name of ['chain-a', 'chain-b']) log.fixture(name);
    const blob = (name: string) => log.put(manifestBytes({ name }));
    const added = [
      { blob: blob('last') },
      { blob: blob('third'), before: 'chain_b' },
      { blob: blob('second'), after: 1, file: 'second.ko' },
    ];
    const fork = forked(log.commits, { with: added }, log.blobs);
    const loaded = eventsOf(fork.commits, 'ModuleLive').map(({ module }) => module);
    expect(loaded).toEqual(['second', 'chain_a', 'third', 'chain_b', 'last']);
    expect(fork.commits.map(({ id, time, number }) => [id, time, number])).toEqual([
      ['c1', 1000, 1],
      [`fork-${EPOCH}-3`, 1000, 2],
      ['c2', 2000, 3],
      [`fork-${EPOCH}-2`, 3000, 4],
      ['c3', 3000, 5],
      [`fork-${EPOCH}-1`, 3000, 6],
    ]);
    expect(fork.counts).toMatchObject({ copied: 1, decided: 2, added: 3 });
  });

  it.each([
    [{ without: ['nobody'] }, /without nobody: nothing up to there loads it/],
    [{ with: [{ blob: '0'.repeat(64), before: 'nobody' }] }, /before nobody/],
    [{ with: [{ blob: '0'.repeat(64), after: 9 }] }, /after commit 9/],
  ] satisfies [ForkChanges, RegExp][])('FORK-12: a change that meets nothing is refused: %j', (changes, words) => {
    const log = new Log();
    log.fixture('hello');
    expect(() => forked(log.commits, changes, log.blobs)).toThrow(words);
  });

  it('FORK-12: readings of a running kernel can be taken over, never decided again', () => {
    const log = new Log();
    const observed: Commit = {
      ...(log.commits[0] as Commit),
      number: 2,
      id: 'seen',
      command: { type: 'observe', what: 'trace' },
      events: [{ type: 'ModuleUnloadFailed', module: 'x', errno: 'EBUSY', words: '' }],
    };
    const commits = [...log.commits, observed];
    expect(withoutOrigin(forked(commits, {}, log.blobs).commits)).toEqual(commits);
    expect(() => forked(commits, SAME, log.blobs)).toThrow(
      /commit 2 is a reading of a running kernel \(observe trace\)/,
    );
    expect(() => forked([{ ...observed, number: 1 }], SAME, log.blobs)).toThrow(/commit 1 is a reading/);
  });

  it('FORK-11: a bookmark points to what it pointed to', () => {
    const log = new Log();
    for (const name of ['hello', 'chain-a']) log.fixture(name);
    log.take({ type: 'bookmark', name: 'two', at: 2 });
    log.take({ type: 'bookmark', name: 'three', at: 3 });
    log.take({ type: 'bookmark', name: 'none', at: 0 });
    const view = forked(log.commits, { without: ['hello'] }, log.blobs).commits.reduce(fold, emptyView());
    expect([...view.bookmarks.values()].map(({ name, at }) => [name, at])).toEqual([
      ['two', 1],
      ['three', 2],
      ['none', 0],
    ]);
    const blob = log.put(manifestBytes({ name: 'more' }));
    const more = forked(log.commits, { with: [{ blob, after: 2 }] }, log.blobs).commits.reduce(fold, emptyView());
    expect([...more.bookmarks.values()].map(({ at }) => at)).toEqual([2, 4, 0]);
  });

  it('FORK-5: a fork of a fork names its own source, and has one origin', () => {
    const log = new Log();
    log.fixture('hello');
    const once = forked(log.commits, { kaslrSeed: 3 }, log.blobs);
    for (const changes of [{}, { kaslrSeed: 4 }] satisfies ForkChanges[]) {
      const twice = forked(once.commits, changes, log.blobs, 'epoch002');
      expect(eventsOf(twice.commits, 'MachineForked')).toEqual([
        { type: 'MachineForked', from: { machine: 'm', epoch: 'epoch002', commit: 2 }, changes },
      ]);
    }
  });
});

describe('the machine of a fork', () => {
  const booted = (commits: readonly Commit[]) => eventsOf(commits, 'MachineBooted')[0]?.profile;

  it('FORK-9: an invented machine keeps its image under the rules of another layout; windows follow', () => {
    for (const boot of [{}, { preset: 'arm64-6.1' }, { profile: { arch: 'arm64', layout: 'linux-6.1' } as const }]) {
      const log = new Log(boot);
      const there = booted(forked(log.commits, { profile: { layout: 'linux-6.12' } }, log.blobs).commits);
      const here = booted(log.commits);
      expect(there).toMatchObject({ layout: 'linux-6.12', kernel: here?.kernel, openSymbols: true });
      expect(there?.moduleRegion).not.toEqual(here?.moduleRegion);
    }
  });

  it('FORK-9: windows and reserved areas are final, whatever KASLR did; null is what a boot makes', () => {
    const profile = staticCallProfile('literal', 'near', { kernel });
    const log = new Log({ profile, kaslrSeed: 5 });
    const here = booted(log.commits);
    const direct = { start: '0xffff900000000000', end: '0xffff900000100000' } as const;
    const changed = forked(log.commits, { profile: { moduleRegion: { direct }, reserved: [] } }, log.blobs);
    expect(booted(changed.commits)).toEqual({
      ...here,
      moduleRegion: { direct, fallback: here?.moduleRegion.fallback },
      reserved: [],
    });
    const back = booted(forked(log.commits, { profile: { reserved: null }, kaslrSeed: null }, log.blobs).commits);
    expect(back).toMatchObject({ kernel, reserved: [[kernel.text, toHex(TEXT + 2 ** 21 + 4096)]] });
    expect(() => forked(changed.commits, { kaslrSeed: null }, log.blobs)).toThrow(/was moved by seed 5 already/);
    expect(booted(forked(changed.commits, { kaslrSeed: 6 }, log.blobs).commits)?.kaslrSeed).toBe(6);
  });

  it('FORK-9: a function that becomes a static call has a key of its own place; one that is none any more has sites no more', () => {
    const log = new Log({ profile: staticCallProfile('inline-defuse', 'near', { kernel }) });
    log.load(calls('mod_a'));
    const staticCalls = { with: ['ftrace_caller', 'ftrace_nop_ops'], without: ['kfree', 'kmalloc_trace'] };
    const { commits } = forked(log.commits, { staticCalls }, log.blobs);
    const keys = eventsOf(commits, 'StaticCallKeysAdded')[0]?.keys ?? [];
    expect(keys.map(({ name }) => name)).toEqual(['_printk', 'ftrace_caller', 'ftrace_nop_ops']);
    expect(new Set(keys.flatMap(({ address, tramp, literal }) => [address, tramp, literal])).size).toBe(9);
    const runs = eventsOf(commits, 'StaticCallSitesSorted').flatMap((event) => event.runs.map(({ key }) => key));
    expect(runs).toEqual(['_printk']);
    const twice = { staticCalls: { with: ['_printk'] } };
    expect(() => forked(log.commits, twice, log.blobs)).toThrow(/\/with names _printk, which is a key/);
    const x86 = new Log({ preset: 'x86-64-6.1' });
    expect(() => forked(x86.commits, { staticCalls: { with: ['kfree'] } }, x86.blobs)).toThrow(/on x86-64/);
  });
});

describe('addresses in commands', () => {
  const profile = (more = {}) => staticCallProfile('inline-defuse', 'near', { kernel, ...more });
  const funcOf = (commits: readonly Commit[], id: string): string | undefined => {
    const command = commits.find((commit) => commit.id === id)?.command as Command;
    return command.type === 'update'
      ? command.func
      : command.type === 'load'
        ? command.init?.updates?.[0]?.func
        : undefined;
  };
  const textOf = (commits: readonly Commit[], module: string) =>
    lastLaidOut(commits, module)?.sections.find(({ name }) => name === '.text')?.address ?? '0x0';
  const plus = (address: string, offset: number) => toHex(Number(BigInt.asIntN(64, BigInt(address))) + offset);

  it('FORK-7: a function in a module follows its section, into another layout as well', () => {
    const log = new Log({ profile: profile() });
    log.load(calls('mod_a'));
    log.fixture('hello');
    log.load(calls('mod_b'));
    const func = plus(textOf(log.commits, 'mod_b'), 0x44);
    log.take({ type: 'update', key: 'kfree', func });
    const fork = forked(log.commits, { profile: { layout: 'linux-6.12' } }, log.blobs);
    const there = textOf(fork.commits, 'mod_b');
    expect(there).not.toBe(textOf(log.commits, 'mod_b'));
    expect(funcOf(fork.commits, 'c5')).toBe(plus(there, 0x44));
    expect(fork.counts).toMatchObject({ translated: 1, refused: 0 });
  });

  it('FORK-7: so does one in the module that the command itself loads', () => {
    const log = new Log({ profile: profile() });
    log.load(calls('mod_a'));
    const own = textOf(log.commits, 'mod_a');
    log.take({ type: 'unload', module: 'mod_a' });
    log.load(calls('mod_a'), { init: { updates: [{ key: 'kfree', func: own }] } });
    expect(textOf(log.commits, 'mod_a')).toBe(own);
    const fork = forked(log.commits, { kaslrSeed: 5 }, log.blobs);
    expect(funcOf(fork.commits, 'c4')).toBe(textOf(fork.commits, 'mod_a'));
    expect(eventsOf(fork.commits, 'StaticCallFuncSet').at(-1)?.to).toBe(textOf(fork.commits, 'mod_a'));
  });

  it('FORK-7: one in a module that is not there makes no sense', () => {
    const log = new Log({ profile: profile() });
    log.load(calls('mod_a'));
    const func = textOf(log.commits, 'mod_a');
    log.take({ type: 'update', key: 'kfree', func });
    const fork = forked(log.commits, { without: ['mod_a'] }, log.blobs);
    expect(fork.commits.at(-1)?.events).toEqual([
      {
        type: 'CommandRefused',
        code: 'no-such-module',
        message: `func ${func} is .text+0x0 of module mod_a, which is not loaded here`,
      },
    ]);
  });

  it('FORK-7: one in the image follows it; in another image, its symbol; what has none makes no sense', () => {
    const source = profile();
    const log = new Log({ profile: source });
    const symbol = source.symbols._printk ?? '0x0';
    log.take({ type: 'update', key: 'kfree', func: symbol });
    log.take({ type: 'update', key: 'kfree', func: plus(symbol, 4) });
    log.take({ type: 'update', key: 'kfree', func: FUNCS.beyond });
    const moved = forked(log.commits, { kaslrSeed: 9 }, log.blobs);
    const image = eventsOf(moved.commits, 'MachineBooted')[0]?.profile;
    expect(funcOf(moved.commits, 'c2')).toBe(image?.symbols._printk);
    expect(funcOf(moved.commits, 'c3')).toBe(plus(image?.symbols._printk ?? '', 4));
    expect(funcOf(moved.commits, 'c4')).toBe(FUNCS.beyond);
    const larger = { ...source.kernel, end: plus(source.kernel.end, 4096) };
    const other = forked(log.commits, { profile: { kernel: larger } }, log.blobs);
    expect(funcOf(other.commits, 'c2')).toBe('_printk');
    expect(other.commits[2]?.events).toMatchObject([{ type: 'CommandRefused', code: 'bad-command' }]);
    expect(funcOf(other.commits, 'c4')).toBe(FUNCS.beyond);
  });

  it('FORK-8: recorded places hold where everything is placed alike, and are left to the allocator elsewhere', () => {
    const log = new Log({ profile: staticCallProfile('literal', 'far') });
    const at = toHex(
      Number(BigInt.asIntN(64, BigInt(log.state.profile?.source.moduleRegion.fallback?.start ?? '0x0'))) + 0x10000,
    );
    log.load(calls('mod_a'), { fallbackAt: { core: at }, failAllocation: 1 });
    expect(eventsOf(log.commits, 'MemoryAllocated')[0]?.address).toBe(at);
    const place = (changes: ForkChanges) =>
      eventsOf(forked(log.commits, changes, log.blobs).commits, 'MemoryAllocated')[0];
    expect(place({ profile: { staticCall: 'out-of-line' } })?.address).toBe(at);
    expect(place({ profile: { errata: ['843419'] } })?.address).not.toBe(at);
    const command = forked(log.commits, { kaslrSeed: 1 }, log.blobs).commits[1]?.command;
    expect(command).toMatchObject({ failAllocation: 1 });
    expect(command).not.toHaveProperty('fallbackAt');
  });
});
