/** Rounds in one world: harm, wait until all is well again, and every few rounds hold the logs against what clients know. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../daemon/kernel/machine/random.ts';
import { persist, within } from './bounded.ts';
import type { Daemon } from './daemon.ts';
import { pick } from './faults.ts';
import { type Load, startLoad } from './load.ts';
import type { Outcome } from './outcome.ts';
import type { World } from './worlds.ts';

/** Rounds that one load lives through, before its logs are checked and another begins. */
const ROUNDS_A_LOAD = 20;
/** Milliseconds of undisturbed work before a fault, at most. */
const CALM = 300;
/** Milliseconds: a fault, and then the time until everybody answers again. */
const FAULT_WITHIN = 180_000;
const WELL_WITHIN = 60_000;

export interface Round {
  /** One, or two at a time. */
  readonly kinds: readonly string[];
  /** Milliseconds from the end of the fault until every daemon and every machine did something again. */
  readonly recovery: number;
}

export interface Plan {
  readonly name: string;
  readonly rounds: number;
  /** Ends the run before its rounds are done. */
  readonly stop: AbortSignal;
  readonly faultRandom: Random;
  readonly loadRandom: Random;
  /** Called after each round. */
  readonly told: (round: Round) => void;
}

/** Ends at the first complaint; throws when something does not come back to life. */
export async function runWorld(world: World, plan: Plan, outcome: Outcome): Promise<void> {
  const { name, rounds, stop, faultRandom, loadRandom, told } = plan;
  let round = 0;
  const loads: Load[] = [];
  try {
    for (let number = 1; round < rounds && !stop.aborted && outcome.complaints.length === 0; number++) {
      const load = await startLoad(`${name}-${number}`, world.daemons, outcome, loadRandom);
      loads.push(load);
      const upTo = Math.min(rounds, round + ROUNDS_A_LOAD);
      const half = Math.ceil((round + upTo) / 2);
      for (; round < upTo && !stop.aborted && outcome.complaints.length === 0; round++) {
        if (round === half) load.join();
        told(await oneRound(world, load, faultRandom));
      }
      await load.settle();
      // The load before this one has rested through the faults of this one.
      for (const one of loads) await one.check();
      if (loads.length > 1) await loads.shift()?.remove();
    }
  } finally {
    for (const load of loads) load.abandon();
  }
}

async function oneRound({ faults, daemons }: World, load: Load, random: Random): Promise<Round> {
  await sleep(random(CALM));
  const harm = pick(random, faults);
  const kinds = harm.map(({ kind }) => kind);
  await within(
    FAULT_WITHIN,
    `the end of "${kinds.join(' and ')}"`,
    Promise.all(harm.map((fault) => fault.run(random))),
  );
  const over = performance.now();
  const all = [load.progress(), ...daemons.map(answers)];
  await within(WELL_WITHIN, `work after "${kinds.join(' and ')}"`, Promise.all(all));
  return { kinds, recovery: performance.now() - over };
}

/** Resolves when a daemon answers a question that only its log can answer. */
function answers({ name, front }: Daemon): Promise<void> {
  return persist(WELL_WITHIN, `${name}: an answer`, async () => {
    const { status } = await fetch(`${front.url}/machines`, { signal: AbortSignal.timeout(5000) });
    if (status !== 200) throw new Error(`HTTP ${status}`);
  });
}
