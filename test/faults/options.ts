/** What the command line of the fault suite says. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { clusterWorld, lmdbWorld, type OpenWorld, redisWorld } from './worlds.ts';

/** Stores by name, with the share of the rounds that each gets when all are asked for. */
export const STORES: Readonly<Record<string, { readonly open: OpenWorld; readonly share: number }>> = {
  lmdb: { open: lmdbWorld, share: 1 },
  redis: { open: redisWorld, share: 2 },
  cluster: { open: clusterWorld, share: 1 },
};

export interface Options {
  readonly seed: number;
  /** Names of STORES. */
  readonly stores: readonly string[];
  /** Of all stores together; none: as many as there is time for. */
  readonly rounds: number | undefined;
  /** With fewer rounds the run counts as cut short: those asked for, unless it was told how long it may take. */
  readonly least: number;
  readonly minutes: number;
  /** Keep one daemon of each store alive throughout, and watch the memory of it. */
  readonly memory: boolean;
}

const ROUNDS = 200;
const MINUTES = 20;

export function readOptions(argv: readonly string[]): Options {
  const opts = new Command('test:faults')
    .description('Ends processes and cuts connections under load, and checks that nothing is lost, doubled or torn.')
    .option('--seed <number>', 'of the sequence of faults; a random one unless told', readNumber)
    .option('--rounds <number>', `of all stores together; ${ROUNDS} unless minutes are told`, readNumber)
    .option('--minutes <number>', `ends after so many; at ${MINUTES} unless told`, readNumber)
    .addOption(new Option('--store <name>', 'which stores').choices([...Object.keys(STORES), 'all']).default('all'))
    .option('--memory', 'keep one daemon of each store alive, and report its memory')
    .allowExcessArguments(false)
    .parse(['node', 'test:faults', ...argv])
    .opts<{ seed?: number; rounds?: number; minutes?: number; store: string; memory?: true }>();
  const rounds = opts.rounds ?? (opts.minutes === undefined ? ROUNDS : undefined);
  return {
    seed: opts.seed ?? Math.floor(Math.random() * 2 ** 32),
    stores: opts.store === 'all' ? Object.keys(STORES) : [opts.store],
    rounds,
    least: opts.minutes === undefined ? (rounds ?? 0) : 0,
    minutes: opts.minutes ?? MINUTES,
    memory: opts.memory ?? false,
  };
}

function readNumber(text: string): number {
  if (!/^\d{1,10}$/.test(text)) throw new InvalidArgumentError('expected a whole number');
  return Number(text);
}

/** Rounds by store, in shares. */
export function sharesOf(rounds: number, stores: readonly string[]): ReadonlyMap<string, number> {
  const shares = new Map<string, number>();
  let left = rounds;
  let weight = stores.reduce((sum, store) => sum + (STORES[store]?.share ?? 0), 0);
  for (const store of stores) {
    const { share } = STORES[store] as { readonly share: number };
    const mine = Math.round((left * share) / weight);
    shares.set(store, mine);
    left -= mine;
    weight -= share;
  }
  return shares;
}
