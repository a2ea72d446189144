/**
 * What patching static calls costs: site transforms per second for a key with 10,000 sites in 500 modules, and whether the
 * cost of an update follows the key's own sites and nothing else.
 */
import { decide, evolve, initialState, type State } from '../../daemon/kernel/kernel.ts';
import { toHex } from '../../protocol/address.ts';
import type { EventOf } from '../../protocol/events/index.ts';
import type { MachineProfile } from '../../protocol/profile.ts';
import type { Bench, Row } from './row.ts';

const ROUNDS = 15;
const KEYS = ['hot', 'small', 'other'] as const;
const TEXT = -0x7ffff8000000;
/** In reach of the kernel's text: every site is one relative branch. */
const SITES = TEXT + 0x200_0000;
const NOP = '1f2003d5';

export const transform: Bench = async (note) => {
  note('10,000 sites of one key in 500 modules, 1,000 of another; the same beside 100,000 sites of a third');
  const alone = machine([
    ['hot', 500, 20],
    ['small', 50, 20],
  ]);
  const crowded = machine([
    ['hot', 500, 20],
    ['other', 500, 200],
  ]);
  const hot = updater(alone, 'hot');
  const small = updater(alone, 'small');
  const beside = updater(crowded, 'hot');
  // Rounds alternate and the best of each counts: neighbours on the machine disturb all alike.
  for (let round = 0; round < ROUNDS; round++) for (const one of [hot, small, beside]) one.update(round);
  const row = (metric: string, value: number, unit: string, bare: number | null, ratio: number | null): Row => {
    return { bench: 'transform', metric, value, unit, raw: bare, ratio };
  };
  const linear = small.best * 10;
  return [
    row('sites', (10_000 * 1000) / hot.best, 'sites/s', null, null),
    // Linear in the key's own sites: raw is ten times the cost of a tenth of them.
    row('update-10000', hot.best, 'ms', linear, linear / hot.best),
    // Independent of everything else: raw is the cost without the 100,000.
    row('update-beside', beside.best, 'ms', hot.best, hot.best / beside.best),
  ];
};

/** A far kernel is not needed: what counts is how many sites there are. Sites arrive as events, as a log would tell of them. */
function machine(keys: readonly (readonly [key: string, modules: number, sites: number])[]): State {
  const booted = decide(initialState(), { type: 'boot', preset: 'arm64-6.1', profile: profile() }, new Map());
  if (!booted.ok) throw new Error(booted.message);
  let state = booted.state;
  let at = SITES;
  for (const [key, modules, each] of keys) {
    for (let m = 0; m < modules; m++) {
      const module = `${key}${m}`;
      const sites: EventOf<'StaticCallSitesSorted'>['runs'][number]['sites'] = [];
      for (let s = 0; s < each; s++, at += 4) sites.push([toHex(at), 0, NOP, 'none', 0, null]);
      state = evolve(state, { type: 'StaticCallSitesSorted', module, runs: [{ key, sites }] });
      state = evolve(state, { type: 'SiteModAllocated', key, owner: module, sites: each });
    }
  }
  return state;
}

function profile(): Partial<MachineProfile> {
  const keys = KEYS.map((name, i) => [
    name,
    { address: toHex(TEXT + 0x1f0_0000 + i * 32), func: '0x0', tramp: toHex(TEXT + 0xcf_0000 + i * 16) },
  ]);
  return { staticCall: 'inline-defuse', staticCalls: { keys: Object.fromEntries(keys) } };
}

interface Updater {
  /** Milliseconds. */
  best: number;
  update(round: number): void;
}

/** Updates all sites of a key; each update goes on from the state that the one before left. */
function updater(start: State, key: string): Updater {
  let state = start;
  return {
    best: Number.POSITIVE_INFINITY,
    update(round) {
      const func = toHex(TEXT + 0x1000 + round * 64);
      const begun = performance.now();
      const decision = decide(state, { type: 'update', key, func }, new Map());
      this.best = Math.min(this.best, performance.now() - begun);
      if (!decision.ok) throw new Error(decision.message);
      state = decision.state;
    },
  };
}
