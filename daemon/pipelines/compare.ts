/** Two machines, or two positions of one, held side by side: their logs are read page by page, as fast as the lines are taken. */

import type { Commit } from '../../protocol/commit.ts';
import { compareLogs } from '../../protocol/compare/compare.ts';
import type { CompareLine } from '../../protocol/compare/form.ts';
import type { Place } from '../../protocol/position.ts';
import type { Entry } from '../log/log.ts';
import { decode, readThrough } from './entry.ts';
import { Stopped } from './fork-walk.ts';
import type { World } from './machine.ts';
import { isMistake, thrown } from './outcome.ts';

/** Commits that are read together; others get their turn in between. */
const PIECE = 16;

/** A line for every command, then the summary; or the error that ends it. */
export async function* compareMachines(world: World, a: Place, b: Place): AsyncGenerator<CompareLine, void> {
  try {
    yield* compareLogs(commitsUpTo(world, a), commitsUpTo(world, b));
  } catch (error) {
    if (!(error instanceof Stopped) && isMistake(error)) world.mistake(error);
    yield { error: error instanceof Stopped ? error.refusal.error : thrown(error).error };
  }
}

async function* commitsUpTo(world: World, { machine, epoch, commit }: Place): AsyncGenerator<Commit, void> {
  let last: string | undefined;
  for (let after = 0; after < commit; after += PIECE) {
    const piece: Commit[] = [];
    const upTo = Math.min(commit, after + PIECE);
    const add = (entry: Entry): void => void piece.push(decode(machine, entry));
    const refused = await readThrough(world.log, { name: machine, epoch }, after, upTo, add, last);
    if (refused !== undefined) throw new Stopped(refused);
    last = piece.at(-1)?.id;
    yield* piece;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
