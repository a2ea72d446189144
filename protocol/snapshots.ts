/** What is told of a machine's snapshots: where they are, and whether they say what the log says. */
import type { Position } from './commit.ts';
import type { WireError } from './errors.ts';

/** GET /machines/:name/snapshots: commits at which there is one, oldest first; `first` is the first commit that is kept. */
export interface SnapshotsAnswer {
  readonly position: Position;
  readonly first: number;
  readonly snapshots: readonly number[];
}

/**
 * `same`: the log gives it. `differs`: the log gives another one. `unreadable`: damaged, or of another version. `base`: it is
 * whole, and the commits before it were trimmed. `message` says which part, and what is wrong.
 */
export interface SnapshotVerdict {
  readonly commit: number;
  readonly bytes: number;
  readonly result: 'same' | 'differs' | 'unreadable' | 'base';
  readonly message?: string;
}

/** Lines of GET /machines/:name/snapshots/verification: a verdict for each, oldest first; the last line says how it ended. */
export type SnapshotLine = SnapshotVerdict | { readonly verified: number } | { readonly error: WireError };
