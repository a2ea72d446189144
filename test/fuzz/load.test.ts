import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type Decision, decide, evolve, initialState, type State } from '../../daemon/kernel/kernel.ts';
import { EVENT_SCHEMAS } from '../../protocol/events/index.ts';
import { validator } from '../../protocol/validate.ts';
import { ARM64, fixture, fixtureNames, machineOf } from '../fixtures/fixtures.ts';
import { LAYOUTS, profileOf, taken } from '../kernel/loader/machine.ts';
import { fuzz, type Outcome } from './fuzz.ts';

const corpus = fixtureNames()
  .filter((file) => machineOf(file) === ARM64)
  .map(fixture);
const BLOB = '0'.repeat(64);

function done(decision: Decision): State {
  if (!decision.ok) throw new Error(decision.message);
  return decision.state;
}

/** A machine with a module loaded that others link against, and one that fails lazily. */
function machine(layout: (typeof LAYOUTS)[number]): State {
  const profile = profileOf(layout, { pages: 4096, fallback: 4096, openSymbols: true, errata: ['843419'] });
  let state = done(decide(initialState(), { type: 'boot', profile }, new Map()));
  for (const file of ['chain-a.ko', 'common.ko']) {
    const bytes = fixture(file);
    const blob = createHash('sha256').update(bytes).digest('hex');
    state = done(decide(state, { type: 'load', blob }, new Map([[blob, bytes]])));
  }
  return state;
}

const machines = LAYOUTS.map(machine);
const schemas = new Map(Object.entries(EVENT_SCHEMAS).map(([type, schema]) => [type, validator(schema, type)]));

const spans = (state: State) => taken(state).map(({ start, end }) => [start, end]);

/** Areas of modules, then those freed lazily, in order of address. */
const accounted = ({ modules, region }: State) =>
  [...[...modules.values()].flatMap(({ areas }) => areas), ...region.lazy]
    .map(({ address, size, guard }) => [address, address + size + guard])
    .toSorted(([a = 0], [b = 0]) => a - b);

/** Loads into one of the machines in turn: nothing of the load is there after it, or all of it. */
function loader(): (bytes: Uint8Array) => Outcome {
  const before = machines.map((state) => JSON.stringify([spans(state), [...state.modules.values()]]));
  let turn = 0;
  return (bytes) => {
    const state = machines[turn % machines.length] as State;
    const untouched = before[turn % machines.length];
    turn++;
    const decision = decide(state, { type: 'load', blob: BLOB }, new Map([[BLOB, bytes]]));
    if (!decision.ok) throw new Error(decision.message);
    const after = decision.state;
    for (const event of decision.events) {
      const valid = schemas.get(event.type)?.(event);
      if (!valid?.ok) throw new Error(valid?.message ?? event.type);
    }
    const [areas, known] = [JSON.stringify(spans(after)), JSON.stringify(accounted(after))];
    if (areas !== known) throw new Error(`areas ${areas} of ${known}`);
    if ([...after.modules.values()].some((module) => module.state !== 'LIVE'))
      throw new Error('a module is half there');
    if (turn % 64 === 0) {
      if (JSON.stringify([spans(state), [...state.modules.values()]]) !== untouched) throw new Error('it was changed');
      const folded = decision.events.reduce(evolve, state);
      if (JSON.stringify(spans(folded)) !== areas) throw new Error('events do not tell all');
    }
    const last = decision.events.at(-1);
    if (last?.type !== 'ModuleLoadFailed') return { ok: true };
    if (after.modules.size !== state.modules.size) throw new Error('a failed load changed the modules');
    const field = `${last.step}: ${last.words.replace(/^[^:]*: /, '').slice(0, 24)}`;
    return { ok: false, fault: { offset: 0, field, found: last.errno, expected: 'a module' } };
  };
}

describe('fuzzing the loader', () => {
  it('FAIL-9: whatever file is loaded, the module is there whole or not at all, and every event is valid', () => {
    const { accepted, refused, fields } = fuzz(corpus, loader());
    console.log(`fuzz: ${accepted} loaded, ${refused} refused, ${fields.size} kinds of fault`);
    expect(accepted).toBeGreaterThan(refused / 50);
    expect(fields.size).toBeGreaterThan(30);
  }, 240_000);
});
