/**
 * The event log: one interface, three stores (memory.ts, lmdb.ts, redis.ts), one conformance suite (test/log). The rules
 * are docs/spec/log.md. A machine's log is a sequence of commits numbered 1, 2, 3, … under an epoch, the name of this
 * incarnation of the machine. A store never looks into a commit's text.
 */

/** A commit as it is stored: `text` is its JSON, encoded once by whoever appends it. Well-formed Unicode. */
export type Entry = { readonly number: number; readonly id: string; readonly text: string };

/** What is appended. The number is the expected version + 1; `id` is the command's id and unique in its machine. */
export type NewEntry = { readonly id: string; readonly text: string };

/** A machine of the log. `first` is the first commit that was not trimmed, `head` the last one: first - 1 <= head. */
export type MachineHead = {
  readonly name: string;
  readonly epoch: string;
  readonly first: number;
  readonly head: number;
};

/** A machine whose record can't be read; `message` says why. */
export type DamagedMachine = { readonly name: string; readonly message: string };

/** Both by name. */
export type MachineList = { readonly machines: readonly MachineHead[]; readonly damaged: readonly DamagedMachine[] };

export type NoSuchMachine = { readonly status: 'no-such-machine' };
/** The machine has another epoch: it was removed and created again. */
export type EpochChanged = { readonly status: 'epoch-changed'; readonly epoch: string };
export type Gone = NoSuchMachine | EpochChanged;

export type CreateResult =
  | { readonly status: 'created'; readonly epoch: string; readonly number: 1 }
  /** This command created the machine before, maybe under another epoch than the one asked for. */
  | { readonly status: 'duplicate'; readonly epoch: string; readonly number: 1 }
  | { readonly status: 'machine-exists'; readonly epoch: string; readonly head: number };

export type AppendResult =
  | { readonly status: 'appended'; readonly number: number }
  /** This command was appended before, as commit `number`. */
  | { readonly status: 'duplicate'; readonly number: number }
  | { readonly status: 'version-conflict'; readonly head: number }
  | Gone;

/** `head` is the last commit of the machine that is there now. */
export type PublishResult = {
  /** `duplicate`: the machine that is there was made by the same commits; `machine-exists`: by others. */
  readonly status: 'created' | 'duplicate' | 'machine-exists';
  readonly epoch: string;
  readonly head: number;
};

/**
 * A machine in the making: commits that nobody sees until all of them are the machine. What a crash leaves of it is
 * swept. Once a call has failed only `discard` is of use, except that a `publish` whose answer was lost can be repeated.
 */
export interface Staging {
  /** Stores further commits, the first one as number 1, each id once. Any number of them; held by the store alone. */
  append(entries: readonly NewEntry[]): Promise<void>;
  /** Makes the machine of all that was staged, at once, unless there is one of that name: then nothing is kept. */
  publish(): Promise<PublishResult>;
  /** Lets go of all that was staged. After a publish it does nothing. */
  discard(): Promise<void>;
}

export type RemoveResult = { readonly status: 'removed' } | Gone;

export type TrimResult = { readonly status: 'trimmed'; readonly first: number } | Gone;

/** Asked for what was trimmed: commits start at `first`. */
export type Trimmed = { readonly status: 'trimmed'; readonly first: number };
/** Asked for what comes after a commit that does not exist. */
export type BeyondHead = { readonly status: 'beyond-head'; readonly head: number };
/** The commit at the position is another than the one named: the store lost its end once, and others took the numbers. */
export type HistoryLost = { readonly status: 'history-lost'; readonly head: number };

export type ReadRefusal = Trimmed | BeyondHead | HistoryLost | Gone;

/** `entries` start right after the position asked for and have no gap; they are empty only when it is `head`. */
export type Page = { readonly status: 'page'; readonly entries: readonly Entry[]; readonly head: number };
export type ReadResult = Page | ReadRefusal;

/**
 * Positions are exclusive: 0 is before the first commit. A page holds at least one entry, if there is one. `afterId` is
 * the id of the commit `after`, if the reader has seen it: then it goes on only if that commit is still there.
 */
export type ReadOptions = {
  readonly after: number;
  readonly afterId?: string | undefined;
  readonly limit?: number;
  readonly maxBytes?: number;
};

export type PutSnapshotResult = { readonly status: 'stored' } | BeyondHead | Gone;

/** What a fold has made of the commits 1 to `number`. Opaque, and disposable as long as the commits are there. */
export type Snapshot = { readonly number: number; readonly bytes: Uint8Array };

export interface EventLog {
  /** Creates a machine with its first commit, both or neither. The epoch must never have been used for that name. */
  create(name: string, epoch: string, first: NewEntry): Promise<CreateResult>;
  /** Begins a machine of any number of commits, which becomes visible as a whole. The epoch as for `create`. */
  stage(name: string, epoch: string): Staging;
  /** Removes a machine with all it has. Its followers end with `epoch-changed` or `no-such-machine`. */
  remove(name: string, epoch: string): Promise<RemoveResult>;
  /** All machines. One that is damaged does not hide the others. */
  list(): Promise<MachineList>;
  /** About how many machines there are, whatever their number is soon: some may be gone already. */
  count(): Promise<number>;
  head(name: string): Promise<MachineHead | undefined>;

  /**
   * Appends commit `expected + 1` if `expected` is the head, and, where `expectedId` is given, has that id; resolves when
   * it is durable. A command id that the log holds gives the first result again, whatever is expected: the ids live
   * exactly as long as their commits.
   */
  append(name: string, epoch: string, expected: number, entry: NewEntry, expectedId?: string): Promise<AppendResult>;

  /** The number of the commit that has this command id; undefined if none has it, or the machine is not there. */
  find(name: string, epoch: string, id: string): Promise<number | undefined>;

  /** One page after a position; PAGE_ENTRIES and PAGE_BYTES unless told otherwise. */
  read(name: string, epoch: string, options: ReadOptions): Promise<ReadResult>;
  /**
   * All commits after a position, in order, once: what is there page by page, then each as it comes. Holds one page at
   * most, ends when `signal` aborts, waits while the store is away, throws FollowEnded when it can't go on. `afterId` as
   * in ReadOptions.
   */
  follow(
    name: string,
    epoch: string,
    after: number,
    signal: AbortSignal,
    afterId?: string,
  ): AsyncIterable<readonly Entry[]>;

  /** Stores a snapshot at commit `number`, over one that is there. */
  putSnapshot(name: string, epoch: string, number: number, bytes: Uint8Array): Promise<PutSnapshotResult>;
  /** The newest snapshot at or before a commit, of the machine as it is now. */
  latestSnapshot(name: string, epoch: string, atOrBefore: number): Promise<Snapshot | undefined>;
  /** The commits at which there are snapshots, oldest first; none of a machine that is not there. */
  snapshots(name: string, epoch: string): Promise<readonly number[]>;
  /**
   * Removes the commits up to the newest snapshot at or before `upTo`, and the snapshots before that one. Without such
   * a snapshot nothing is removed. So the state at `first - 1` and at every later commit can always be rebuilt.
   */
  trim(name: string, epoch: string, upTo: number): Promise<TrimResult>;

  /** A small write that is thrown away: throws what a command would throw now because of the store. */
  check(): Promise<void>;

  /** Ends all followers (as an abort does) and lets go of files or connections. */
  close(): Promise<void>;
}

export const PAGE_ENTRIES = 256;
/** Bytes of text in a page. One commit may be larger, then it is a page of its own. */
export const PAGE_BYTES = 1 << 20;
/** The largest commit in bytes; a load of the largest real module is about 2 MB of events. */
export const MAX_COMMIT_BYTES = 64 << 20;
export const MAX_SNAPSHOT_BYTES = 256 << 20;
