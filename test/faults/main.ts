/**
 * `npm run test:faults [-- --seed N --rounds N --minutes N --store lmdb|redis|all]`: real daemons on real stores under
 * load, a fault at a random moment in each round, and a checker that knows every command that was answered.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { mix, randomFrom } from '../../daemon/kernel/machine/random.ts';
import { noRedisServer } from '../support/redis.ts';
import type { Program } from './daemon.ts';
import { watchMemory } from './memory.ts';
import { type Options, readOptions, STORES, sharesOf } from './options.ts';
import { emptyOutcome } from './outcome.ts';
import { figures, type Result, table, verdict } from './report.ts';
import { runWorld } from './run.ts';

/** Rounds between two lines about how it goes. */
const TOLD_EVERY = 10;
/** Milliseconds that rounds may go on beyond the time that was given, and the end of all processes takes. */
const GRACE = 240_000;
const CLOSES_WITHIN = 20_000;

const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** The exit code. `program`: how node starts a daemon. */
export async function main(argv: readonly string[], program: Program): Promise<number> {
  const options = readOptions(argv);
  const missing = noRedisServer();
  const stores = options.stores.filter((store) => store === 'lmdb' || missing === undefined);
  if (stores.length < options.stores.length) say(`${missing}: without ${options.stores.filter((s) => s !== 'lmdb')}`);
  if (stores.length === 0) return 1;
  say(`seed ${options.seed}`);

  const closers: (() => Promise<void> | void)[] = [];
  const stop = new AbortController();
  const over = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => over.abort());
  // Whatever this program itself does wrong, it ends what it started.
  process.on('uncaughtException', (error) => {
    say(error.stack ?? String(error));
    over.abort();
  });
  const results: Result[] = [];
  const shares = options.rounds === undefined ? undefined : sharesOf(options.rounds, stores);
  const timer = setTimeout(() => stop.abort(), options.minutes * 60_000);
  const last = setTimeout(() => over.abort(), options.minutes * 60_000 + GRACE);
  const running = stores.map((store) => runStore(store, shares?.get(store) ?? Number.POSITIVE_INFINITY));

  async function runStore(store: string, rounds: number): Promise<void> {
    const outcome = emptyOutcome((text) => say(`${store}: ${text}`));
    const result = { store, rounds: [] as Result['rounds'][number][], outcome };
    results.push(result);
    try {
      const { open } = STORES[store] as (typeof STORES)[string];
      const world = await open({ program, outcome, spare: options.memory, atEnd: (close) => void closers.push(close) });
      if (options.memory) closers.push(watchMemory(store, world.daemons.at(-1), say));
      const [faultSeed, loadSeed] = seedsOf(options, store);
      await runWorld(
        world,
        {
          name: store,
          rounds,
          stop: stop.signal,
          faultRandom: randomFrom(faultSeed),
          loadRandom: randomFrom(loadSeed),
          told(round) {
            result.rounds.push(round);
            const { length } = result.rounds;
            if (length % TOLD_EVERY === 0) say(`${length} rounds on ${figures(result)}`);
          },
        },
        outcome,
      );
    } catch (error) {
      if (!over.signal.aborted) outcome.complain('broken', error instanceof Error ? error.message : String(error));
    }
  }

  const interrupted = new Promise<boolean>((resolve) => over.signal.addEventListener('abort', () => resolve(true)));
  const cut = await Promise.race([Promise.all(running).then(() => false), interrupted]);
  clearTimeout(timer);
  clearTimeout(last);
  over.abort();
  await Promise.race([closeAll(closers), sleep(CLOSES_WITHIN, undefined, { ref: false })]);
  say(`\n${table(results)}\n`);
  for (const result of results) say(figures(result));
  const { ok, rounds, text } = verdict(results);
  const short = cut || rounds < options.least;
  if (short) say('it was cut short');
  say(text);
  return ok && !short ? 0 : 1;
}

function seedsOf({ seed }: Options, store: string): readonly [number, number] {
  const faults = [...store].reduce((hash, letter) => mix(hash ^ letter.charCodeAt(0)), seed);
  return [faults, mix(faults)];
}

async function closeAll(closers: readonly (() => Promise<void> | void)[]): Promise<void> {
  for (const close of [...closers].reverse()) {
    try {
      await close();
    } catch (error) {
      say(`could not close: ${String(error)}`);
    }
  }
}
