/** Generated sessions: after each step every live site executes to key.func, on a CPU that knows nothing of this project. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memoryImage } from '../../../daemon/headless/image.ts';
import { type Decision, decide, initialState } from '../../../daemon/kernel/kernel.ts';
import { readText } from '../../../daemon/kernel/static-call/state.ts';
import { toHex } from '../../../protocol/address.ts';
import type { Command } from '../../../protocol/commands.ts';
import type { Event } from '../../../protocol/events/index.ts';
import type { Flavour, MachineProfile } from '../../../protocol/profile.ts';
import { emptyView, fold } from '../../../protocol/view/fold.ts';
import { viewDigest, viewFromJson, viewJson } from '../../../protocol/view/json.ts';
import type { View } from '../../../protocol/view/types.ts';
import { hasUnicorn, type Image } from '../../support/unicorn.ts';
import { Machine } from '../loader/machine.ts';
import { ARM64_FLAVOURS, calls, FUNCS, KEY_NAMES, modsOf, type Placement, staticCallProfile } from './machine.ts';
import { execute } from './unicorn.ts';

const NAMES = ['mod_a', 'mod_b', 'mod_c', 'mod_d', 'mod_e'];

const update = fc.record({
  key: fc.constantFrom(...KEY_NAMES),
  func: fc.constantFrom(...Object.values(FUNCS), ...KEY_NAMES),
});
const updates = fc.array(update, { maxLength: 2 });
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      op: fc.constant('load' as const),
      name: fc.constantFrom(...NAMES),
      updates,
      fails: fc.option(fc.constantFrom('init', 1, 2, 3, 4)),
    }),
  },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('unload' as const), name: fc.constantFrom(...NAMES), updates }) },
  { weight: 4, arbitrary: fc.record({ op: fc.constant('update' as const), update }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function commandOf(machine: Machine, given: Step): Command {
  switch (given.op) {
    case 'load': {
      const { fails } = given;
      const result = fails === 'init' ? { result: 'EIO' } : {};
      const failAllocation = typeof fails === 'number' ? { failAllocation: fails } : {};
      const blob = machine.put(calls(given.name));
      return { type: 'load', blob, init: { updates: given.updates, ...result }, ...failAllocation };
    }
    case 'unload':
      return { type: 'unload', module: given.name, exit: { updates: given.updates } };
    case 'update':
      return { type: 'update', ...given.update };
  }
}

/** What the view shows of each live site is what memory holds. */
function checkView(machine: Machine, view: View): void {
  const { staticCalls } = machine.state;
  if (!staticCalls) throw new Error('no static calls');
  const { arch, keys } = staticCalls;
  let sites = 0;
  for (const [owner, table] of staticCalls.tables.entries()) {
    for (const [name, list] of table) {
      const key = keys.get(name);
      if (!key) throw new Error(name);
      for (const { address, init } of list) {
        if (init) continue;
        sites++;
        const shown = view.staticCalls.sites.get(toHex(address));
        const code = readText(staticCalls, address, arch.siteSize);
        const route = arch.route(address, key, (at, size) => readText(staticCalls, at, size));
        expect(shown?.link.owner).toBe(owner);
        expect(shown?.site.bytes).toBe(code);
        const shownKey = view.staticCalls.keys.get(name);
        expect(shownKey?.calls === null ? 'none' : shown?.site.class).toBe(route.class);
        if (route.class !== 'none') expect(shown?.site.hops).toBe(route.branches.length);
      }
    }
  }
  expect(view.staticCalls.sites.size).toBe(sites);
  for (const name of KEY_NAMES) {
    const shown = view.staticCalls.keys.get(name);
    const key = keys.get(name);
    if (!shown || !key) throw new Error(name);
    expect(shown.func).toBe(toHex(key.func));
    expect(shown.bytes).toBe(readText(staticCalls, key.tramp, arch.trampSize));
    expect(shown.text).toBe(arch.text(key.tramp, shown.bytes));
    expect(shown.chain.map(({ owner }) => owner)).toEqual(
      arch.inline ? modsOf(machine.state, name) : expect.arrayContaining([...machine.modules()]),
    );
    for (const link of shown.chain) {
      const counted = { direct: 0, veneer: 0, veneers: 0, trapped: 0, none: 0 };
      for (const site of link.sites) if (site.bytes !== null) counted[site.class]++;
      expect(link.classes).toEqual(counted);
    }
  }
}

function eventsOf(decision: Decision): readonly Event[] {
  if (!decision.ok) throw new Error(decision.message);
  return decision.events;
}

/** Plays a session; the images after each step. */
function play(profile: MachineProfile, steps: readonly Step[], eachView: boolean): readonly Image[] {
  const machine = new Machine(profile);
  const images: Image[] = [];
  let view = emptyView();
  const commit = (command: Command, events: readonly Event[]) => {
    fold(view, { v: 1, number: view.commit + 1, time: 0, id: 'step', command, events: [...events] });
  };
  const boot: Command = { type: 'boot', profile };
  commit(boot, eventsOf(decide(initialState(), boot, new Map())));
  const live: string[] = [];
  for (const given of steps) {
    const command = commandOf(machine, given);
    const events = machine.do(command);
    commit(command, events);
    if (events.some(({ type }) => type === 'ModuleLive') && given.op === 'load') live.unshift(given.name);
    if (events.some(({ type }) => type === 'ModuleGone') && given.op === 'unload')
      live.splice(live.indexOf(given.name), 1);
    for (const name of KEY_NAMES) {
      const inline = machine.state.staticCalls?.arch.inline;
      expect(modsOf(machine.state, name)).toEqual(inline ? live : []);
    }
    if (eachView) {
      checkView(machine, view);
      const copy = viewFromJson(JSON.parse(JSON.stringify(viewJson(view))));
      expect(viewDigest(copy)).toBe(viewDigest(view));
      view = copy;
    }
    images.push(memoryImage(machine.state, machine.blobs));
  }
  return images;
}

const placements: readonly Placement[] = ['near', 'far', 'mixed'];

/** Any session; `more`: of the machine's profile. */
function viewIsMemory(flavour: Flavour, placement: Placement, more: Partial<MachineProfile> = {}): void {
  fc.assert(
    fc.property(fc.array(step, { minLength: 4, maxLength: 14 }), (steps) => {
      play(staticCallProfile(flavour, placement, more), steps, true);
    }),
    { numRuns: 15 },
  );
}

describe.each(ARM64_FLAVOURS)('%s', (flavour) => {
  it.skipIf(!hasUnicorn).each(placements)(
    'SC-20: modules %s, after each step of any session every live site executes to key.func',
    { timeout: 120_000 },
    (placement) => {
      fc.assert(
        fc.property(fc.array(step, { minLength: 4, maxLength: 14 }), (steps) => {
          const images = play(staticCallProfile(flavour, placement), steps, false);
          expect(execute(images)).toEqual([]);
        }),
        { numRuns: 8 },
      );
    },
  );

  it.each(placements)(
    'SC-21: modules %s, the view shows what memory holds, also when it is restored from JSON',
    (placement) => viewIsMemory(flavour, placement),
  );
});

it.each(placements)('SC-21: without orig too, where a PLT entry is taken for the trampoline, modules %s', (placement) =>
  viewIsMemory('inline-defuse', placement, { staticCallOrig: false }),
);
