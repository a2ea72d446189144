/** A state that went through JSON is the state: it decides, evolves and freezes as the one that it was made of. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { freeze, STATE_FORMAT, thaw } from '../../daemon/kernel/freeze.ts';
import { decide, evolve, initialState, type State } from '../../daemon/kernel/kernel.ts';
import type { Command } from '../../protocol/commands.ts';
import type { Commit } from '../../protocol/commit.ts';
import { fixture } from '../fixtures/fixtures.ts';
import { hasTruth, modulesOf, recordings } from '../support/truth.ts';
import { manifestBytes, profileOf } from './loader/machine.ts';
import { ARM64_FLAVOURS, calls, FUNCS, KEY_NAMES, staticCallProfile } from './static-call/machine.ts';

const blobs = new Map<string, Uint8Array>();
function put(bytes: Uint8Array): string {
  const blob = createHash('sha256').update(bytes).digest('hex');
  blobs.set(blob, bytes);
  return blob;
}

const text = (state: State): string => JSON.stringify(freeze(state));
const again = (state: State): State => thaw(JSON.parse(text(state)));

/** Plays commands on a state and, before each, on what JSON makes of it. */
function play(commands: readonly Command[]): State {
  let state = initialState();
  for (const command of commands) {
    const copy = again(state);
    expect(text(copy)).toBe(text(state));
    const decision = decide(state, command, blobs);
    const same = decide(copy, command, blobs);
    if (!decision.ok || !same.ok) {
      expect(same).toEqual(decision);
      continue;
    }
    expect(same.events).toEqual(decision.events);
    expect(text(same.state)).toBe(text(decision.state));
    const evolved = decision.events.reduce(evolve, again(state));
    expect(text(evolved)).toBe(text(decision.state));
    state = decision.state;
  }
  return state;
}

const FILES = [
  'hello',
  'chain-a',
  'chain-b',
  'chain-c',
  'sections',
  'no-exit',
  'weak',
  'duplicate-export',
  'proprietary',
  'unknown-symbol',
  'bad-vermagic',
].map((name) => put(fixture(`${name}.ko`)));
const LARGE = ['m0', 'm1', 'm2'].map((name) =>
  put(
    manifestBytes({
      name,
      sections: [
        { name: '.text', flags: ['alloc', 'exec'], size: 40_000, align: 16 },
        { name: '.init.text', flags: ['alloc', 'exec'], size: 9000, align: 16 },
        { name: '.data..percpu', flags: ['alloc', 'write'], size: 3000, align: 8 },
      ],
      exports: [{ name: `${name}_call`, section: '.text', offset: 16 }],
    }),
  ),
);
const CALLERS = ['mod_a', 'mod_b', 'mod_c'].map((name) => put(calls(name)));
const NAMES = [
  'hello',
  'chain_a',
  'chain_b',
  'chain_c',
  'sections',
  'weak',
  'm0',
  'm1',
  'm2',
  'mod_a',
  'mod_b',
  'mod_c',
];

const update = fc.record({
  key: fc.constantFrom(...KEY_NAMES),
  func: fc.constantFrom(...Object.values(FUNCS), ...KEY_NAMES),
});
const updates = fc.array(update, { maxLength: 2 });

function command(load: readonly string[]): fc.Arbitrary<Command> {
  return fc.oneof(
    {
      weight: 5,
      arbitrary: fc
        .record({
          blob: fc.constantFrom(...load),
          updates,
          result: fc.option(fc.constantFrom('EIO', 'ENODEV'), { freq: 5 }),
          failAllocation: fc.option(fc.integer({ min: 1, max: 4 }), { freq: 4 }),
        })
        .map(({ blob, updates, result, failAllocation }): Command => {
          const init = { updates, ...(result !== null && { result }) };
          return { type: 'load', blob, init, ...(failAllocation !== null && { failAllocation }) };
        }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ module: fc.constantFrom(...NAMES), updates }).map(({ module, updates }): Command => {
        return { type: 'unload', module, exit: { updates } };
      }),
    },
    { weight: 2, arbitrary: update.map((given): Command => ({ type: 'update', ...given })) },
    {
      weight: 1,
      arbitrary: fc
        .record({ name: fc.constantFrom('here', 'there'), at: fc.constantFrom(0, 1, 2, null) })
        .map(({ name, at }): Command => ({ type: 'bookmark', name, at })),
    },
  );
}

const playAll = (boot: fc.Arbitrary<Command>, load: readonly string[], numRuns: number): void =>
  fc.assert(
    fc.property(boot, fc.array(command(load), { minLength: 3, maxLength: 16 }), (first, rest) => {
      play([first, ...rest]);
    }),
    { numRuns },
  );

describe('a frozen state', () => {
  it.each(ARM64_FLAVOURS)('SNAP-1: decides and evolves as the live one, with static calls of flavour %s', (flavour) => {
    const boot = fc
      .record({ placement: fc.constantFrom('near', 'far', 'mixed'), orig: fc.boolean() })
      .map(({ placement, orig }): Command => {
        return { type: 'boot', profile: staticCallProfile(flavour, placement, { staticCallOrig: orig }) };
      });
    playAll(boot, CALLERS, 25);
  });

  it('SNAP-1: decides and evolves as the live one, with failed loads, lazily freed and per-CPU areas, full windows', () => {
    const boot = fc
      .record({
        layout: fc.constantFrom('linux-6.1', 'linux-6.12'),
        pages: fc.integer({ min: 8, max: 40 }),
        fallback: fc.constantFrom(0, 16, 64),
      })
      .map(({ layout, ...more }): Command => ({ type: 'boot', profile: profileOf(layout, more) }));
    playAll(boot, [...FILES, ...LARGE], 120);
  });

  it('SNAP-1: decides and evolves as the live one, on every preset, with KASLR and without', () => {
    const boot = fc
      .record({
        preset: fc.constantFrom('arm64-6.1', 'arm64-6.12', 'x86-64-6.1', 'x86-64-6.12'),
        kaslrSeed: fc.option(fc.nat({ max: 0xffffffff })),
      })
      .map(({ preset, kaslrSeed }): Command => {
        return { type: 'boot', preset, ...(kaslrSeed !== null && { kaslrSeed }) };
      });
    const x86 = [put(fixture('x86-64-hello.ko')), put(fixture('x86-64-compiled.ko')), put(fixture('x86-64-got.ko'))];
    playAll(boot, [...FILES, ...x86, ...LARGE], 60);
  });

  it('SNAP-1: goes on with the demo, real modules and static calls, from any commit', { timeout: 120_000 }, () => {
    const session = new URL('../../sessions/demo.veneer.jsonl.gz', import.meta.url);
    const commits = gunzipSync(readFileSync(session)).toString().trimEnd().split('\n').slice(1, -1);
    const stops = new Set([1, 2, 100, Math.floor(commits.length / 2), commits.length - 3]);
    let state = initialState();
    let copy = initialState();
    for (const [i, line] of commits.entries()) {
      const { events }: Commit = JSON.parse(line);
      state = events.reduce(evolve, state);
      copy = events.reduce(evolve, copy);
      if (stops.has(i + 1)) copy = again(copy);
    }
    expect(text(copy)).toBe(text(state));
  });

  it.runIf(hasTruth('frozen states of x86-64 machines with static calls'))(
    'SNAP-1: decides as the live one where x86-64 modules of a recording come and go',
    { timeout: 120_000 },
    async () => {
      const recording = recordings().find(({ name }) => name === 'x86-static-call-small');
      if (!recording) throw new Error('no recording x86-static-call-small');
      const folder = await modulesOf(recording);
      const { machine, steps } = JSON.parse(readFileSync(recording.scenario, 'utf8'));
      const commands: Command[] = [{ type: 'boot', profile: machine }];
      for (const step of steps.slice(0, 12)) {
        if (step.op === 'load') commands.push({ type: 'load', blob: put(readFileSync(`${folder}/${step.module}`)) });
        if (step.op === 'unload') commands.push({ type: 'unload', module: step.name ?? step.module });
        if (step.op === 'update') commands.push({ type: 'update', key: step.key, func: step.func });
      }
      const state = play(commands);
      expect([...(state.staticCalls?.tables.values() ?? [])].length).toBeGreaterThan(0);
    },
  );

  it('SNAP-2: has one text, whatever was decided and thrown away in between', () => {
    const boot: Command = { type: 'boot', profile: staticCallProfile('inline-defuse', 'mixed') };
    const straight = play([boot, { type: 'load', blob: CALLERS[0] ?? '' }, { type: 'load', blob: CALLERS[1] ?? '' }]);
    let state = initialState();
    for (const wanted of [boot, { type: 'load', blob: CALLERS[0] }, { type: 'load', blob: CALLERS[1] }] as Command[]) {
      for (const blob of CALLERS) decide(state, { type: 'load', blob }, blobs);
      const decision = decide(state, wanted, blobs);
      if (!decision.ok) throw new Error(decision.message);
      state = decision.state;
      for (const module of NAMES) decide(state, { type: 'unload', module }, blobs);
    }
    expect(text(state)).toBe(text(straight));
  });

  it('SNAP-3: of another format is refused by name', () => {
    expect(() => thaw({ format: 'veneerd/kernel-state@2' })).toThrow(
      'expected a state of format veneerd/kernel-state@1 or earlier, found veneerd/kernel-state@2',
    );
  });

  it('SNAP-3: as version 1 wrote it is read', () => {
    const line = readFileSync(new URL('../fixtures/protocol/kernel-state-v1.json', import.meta.url), 'utf8');
    const frozen = JSON.parse(line);
    expect(frozen.format).toBe(STATE_FORMAT);
    const state = thaw(frozen);
    expect(JSON.parse(text(state))).toEqual(frozen);
    expect(state.modules.get('mod_a')?.state).toBe('LIVE');
    expect(state.region.lazy).not.toEqual([]);
    expect(state.staticCalls?.keys.get('_printk')?.mods.map(({ owner }) => owner)).toEqual(['mod_b', 'mod_a']);
    expect(state.bookmarks.get('here')).toBe(2);
  });
});
