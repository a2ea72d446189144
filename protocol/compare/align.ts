/**
 * Two logs side by side, as streams: commits with the same command id belong together. A bounded look ahead finds what only
 * one of them has; commits of other ids belong together where they are next and do the same.
 */
import type { Command } from '../commands.ts';
import type { Commit } from '../commit.ts';

export type Pair =
  | { readonly a: Commit; readonly b: Commit }
  | { readonly a: Commit; readonly b: null }
  | { readonly a: null; readonly b: Commit };

/** Commits of each log that are held to find out what the other one lacks. */
const AHEAD = 64;

export async function* align(a: AsyncIterable<Commit>, b: AsyncIterable<Commit>): AsyncGenerator<Pair, void> {
  const as = openAhead(a);
  const bs = openAhead(b);
  try {
    while (true) {
      const x = await as.first();
      const y = await bs.first();
      if (!x && !y) return;
      if (!x || !y) yield x ? { a: as.take(), b: null } : { a: null, b: bs.take() };
      else if (x.id === y.id) yield { a: as.take(), b: bs.take() };
      else {
        const inB = await bs.find(x.id);
        const inA = await as.find(y.id);
        if (inB >= 0 && (inA < 0 || inB <= inA)) for (let i = 0; i < inB; i++) yield { a: null, b: bs.take() };
        else if (inA >= 0) for (let i = 0; i < inA; i++) yield { a: as.take(), b: null };
        else if (doesTheSame(x.command, y.command)) yield { a: as.take(), b: bs.take() };
        else if (x.time <= y.time) yield { a: as.take(), b: null };
        else yield { a: null, b: bs.take() };
      }
    }
  } finally {
    await Promise.all([as.close(), bs.close()]);
  }
}

interface Ahead {
  first(): Promise<Commit | undefined>;
  /** The first one, which `first` has given. */
  take(): Commit;
  /** How many commits come before the one with this id; -1 where none of the next ones has it. */
  find(id: string): Promise<number>;
  close(): Promise<void>;
}

function openAhead(commits: AsyncIterable<Commit>): Ahead {
  const iterator = commits[Symbol.asyncIterator]();
  const held: Commit[] = [];
  let over = false;
  const fill = async (count: number): Promise<void> => {
    while (!over && held.length < count) {
      const { done, value } = await iterator.next();
      if (done) over = true;
      else held.push(value);
    }
  };
  return {
    async first() {
      await fill(1);
      return held[0];
    },
    take() {
      const commit = held.shift();
      if (!commit) throw new RangeError('nothing was looked at');
      return commit;
    },
    async find(id) {
      await fill(AHEAD);
      return held.findIndex((commit) => commit.id === id);
    },
    async close() {
      await iterator.return?.();
    },
  };
}

function doesTheSame(a: Command, b: Command): boolean {
  return a.type === b.type && whatOf(a) === whatOf(b);
}

/** What a command is about, by the words of the command alone. */
export function whatOf(command: Command): string {
  switch (command.type) {
    case 'boot':
      return '';
    case 'load':
      return command.blob;
    case 'unload':
      return command.module;
    case 'update':
      return command.key;
    case 'observe':
      return command.what;
    case 'bookmark':
      return command.name;
  }
}
