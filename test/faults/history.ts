/** What the clients know of one machine: every command sent, every answer, every commit that a reader saw. */
import { createHash } from 'node:crypto';
import type { Commit, Position } from '../../protocol/commit.ts';

/** Stands for a commit's text: texts of an hour would not fit into memory. */
export type Print = string;

export const printOf = (text: string): Print => createHash('sha256').update(text).digest('base64').slice(0, 22);
/** A commit that was parsed: the daemon made its text of the same fields in the same order. */
export const printOfCommit = (commit: Commit): Print => printOf(JSON.stringify(commit));

/** A command was done, or had been done before: `repeated`. */
export interface Answer {
  readonly id: string;
  readonly position: Position;
  readonly repeated: boolean;
  readonly print: Print;
}

/** One reader from the start on: `prints[n]` is commit n + 1. */
export interface Seen {
  readonly reader: string;
  epoch: string | undefined;
  readonly prints: Print[];
}

export interface History {
  readonly machine: string;
  /** Ids of all commands that were ever sent, by the order in which they were: 1, 2, 3, … */
  readonly sent: Map<string, number>;
  readonly answers: Answer[];
  /** Ids of commands that the daemon refused for good: nothing of them may be in the log. */
  readonly refused: Set<string>;
  readonly seen: Seen[];
}

export function emptyHistory(machine: string): History {
  return { machine, sent: new Map(), answers: [], refused: new Set(), seen: [] };
}
