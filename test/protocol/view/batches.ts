/** What arm64 machines of every flavour do when modules and functions come and go at random: the events of each commit. */
import fc from 'fast-check';
import { decide, initialState } from '../../../daemon/kernel/kernel.ts';
import type { Command } from '../../../protocol/commands.ts';
import type { Event } from '../../../protocol/events/index.ts';
import type { MachineProfile } from '../../../protocol/profile.ts';
import { fixture } from '../../fixtures/fixtures.ts';
import { Machine } from '../../kernel/loader/machine.ts';
import { ARM64_FLAVOURS, calls, FUNCS, KEY_NAMES, staticCallProfile } from '../../kernel/static-call/machine.ts';

const NAMES = ['mod_a', 'mod_b', 'mod_c'];
const step = fc.oneof(
  fc.record({
    op: fc.constant('load' as const),
    name: fc.constantFrom(...NAMES),
    fails: fc.option(fc.constantFrom('EIO')),
  }),
  fc.record({ op: fc.constant('fixture' as const), name: fc.constantFrom('hello', 'chain-a', 'chain-b', 'weak') }),
  fc.record({ op: fc.constant('unload' as const), name: fc.constantFrom(...NAMES, 'hello', 'chain_b', 'nobody') }),
  fc.record({
    op: fc.constant('update' as const),
    key: fc.constantFrom(...KEY_NAMES),
    func: fc.constantFrom(...Object.values(FUNCS)),
  }),
  fc.record({
    op: fc.constant('bookmark' as const),
    name: fc.constantFrom('a', 'b'),
    at: fc.constantFrom(0, 1, 2, null),
  }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** The events that a machine begins with. */
export function bootOf(profile: MachineProfile): readonly Event[] {
  const decision = decide(initialState(), { type: 'boot', profile }, new Map());
  if (!decision.ok) throw new Error(decision.message);
  return decision.events;
}

/** The events of each step that makes sense. */
function run(machine: Machine, steps: readonly Step[]): readonly (readonly Event[])[] {
  return steps.flatMap((each) => {
    const decision = machine.decide(commandOf(machine, each));
    return decision.ok ? [decision.events] : [];
  });
}

function commandOf(machine: Machine, given: Step): Command {
  switch (given.op) {
    case 'load':
      return {
        type: 'load',
        blob: machine.put(calls(given.name)),
        ...(given.fails && { init: { result: given.fails } }),
      };
    case 'fixture':
      return { type: 'load', blob: machine.put(fixture(`${given.name}.ko`)) };
    case 'unload':
      return { type: 'unload', module: given.name };
    case 'update':
      return { type: 'update', key: given.key, func: given.func };
    case 'bookmark':
      return { type: 'bookmark', name: given.name, at: given.at };
  }
}

const session = fc.record({
  flavour: fc.constantFrom(...ARM64_FLAVOURS),
  placement: fc.constantFrom('near' as const, 'far' as const, 'mixed' as const),
  steps: fc.array(step, { minLength: 1, maxLength: 15 }),
});

export const batchesOfEvents: fc.Arbitrary<readonly (readonly Event[])[]> = session.map(
  ({ flavour, placement, steps }) => {
    const profile = staticCallProfile(flavour, placement, { openSymbols: true });
    return [bootOf(profile), ...run(new Machine(profile), steps)];
  },
);
