/** What a program sees of a daemon. `connect` (node.ts in Node, index.ts in a browser) gives a Client. */
import type { Observable } from 'rxjs';
import type { Command, CommandOf } from '../../protocol/commands.ts';
import type { Commit, Position } from '../../protocol/commit.ts';
import type { ComparedLine } from '../../protocol/compare/form.ts';
import type { Filter } from '../../protocol/filter.ts';
import type { ForkBody, Forked, ForkProgress, LoadedFile } from '../../protocol/fork.ts';
import type {
  DamagedSummary,
  Done,
  From,
  Imported,
  MachineSummary,
  StoredBlob,
  ViewAnswer,
} from '../../protocol/frames.ts';
import type { DisassemblyAnswer, TraceAnswer, WhyAnswer } from '../../protocol/inspect.ts';
import type { BookmarksAnswer, LocatedAnswer } from '../../protocol/position.ts';
import type { PresetAnswer } from '../../protocol/presets.ts';
import type { SnapshotsAnswer, SnapshotVerdict } from '../../protocol/snapshots.ts';
import type { DiffAnswer } from '../../protocol/view/diff-form.ts';
import type { ModuleAnswer, ViewJson } from '../../protocol/view/json.ts';
import type { TimelineAnswer } from '../../protocol/view/timeline.ts';

/** The part of the WebSocket interface that is used: browsers have it, `ws` has it too. */
export interface SocketLike {
  readonly readyState: number;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  onclose: ((event: { readonly code: number; readonly reason: string }) => void) | null;
  onerror: ((event: never) => void) | null;
  send(text: string): void;
  close(code?: number): void;
}
export type SocketConstructor = new (url: string, protocol: string) => SocketLike;

export interface ConnectOptions {
  /** Without it, the global one. */
  readonly WebSocket?: SocketConstructor;
  readonly fetch?: typeof fetch;
  /** For a daemon that asks for one. It goes into headers only, never into a URL. */
  readonly token?: string;
  /** Calls and feeds that wait for a connection fail after so many milliseconds without one; 30,000 unless told. */
  readonly patience?: number;
}

/** `connecting`: there is something to do and no connection yet. `idle`: nothing needs one. */
export type ConnectionState = 'idle' | 'connecting' | 'open' | 'closed';

export interface Client {
  /** The daemon's address, `http://127.0.0.1:7077`. */
  readonly url: string;
  readonly state: Observable<ConnectionState>;
  machines(): Promise<readonly (MachineSummary | DamagedSummary)[]>;
  /** Invented machines that `boot` can name; the first is the one that it takes unless told. */
  presets(): Promise<readonly PresetAnswer[]>;
  /** Creates the machine `name`. */
  boot(name: string, profile?: Omit<CommandOf<'boot'>, 'type'>, options?: CommandOptions): Promise<Done>;
  /** A handle; the machine may or may not exist. */
  machine(name: string): MachineHandle;
  /** Stores a module file (`.ko`, `.ko.gz`, `.ko.xz`, `.ko.zst`) or a manifest; its sha256 is what `load` names. */
  upload(bytes: Uint8Array, fileName: string): Promise<StoredBlob>;
  hasBlob(sha256: string): Promise<boolean>;
  /** Makes a new machine of a whole session file (plain or gzip), or nothing at all. */
  importSession(name: string, file: Uint8Array | AsyncIterable<Uint8Array>): Promise<Imported>;
  close(): void;
}

export interface CommandOptions {
  /** Sent again, the same id is answered with the first commit. A random one unless told. */
  readonly id?: string;
  /** Refused with `version-conflict` unless the machine is exactly here. */
  readonly expected?: Position;
}

export type FeedItem =
  | { readonly kind: 'commit'; readonly position: Position; readonly commit: Commit }
  /** Everything up to `position` was delivered and it was the newest. Comes again after each time of catching up. */
  | { readonly kind: 'live'; readonly position: Position };

/** The machine at the position where what follows begins. */
export interface ViewItem {
  readonly kind: 'view';
  readonly position: Position;
  readonly view: ViewJson;
}

/** Every commit after a position, in order, once; across reconnects. What can't be delivered whole ends in an error. */
export interface Feed<T = FeedItem> extends AsyncIterable<T> {
  readonly observable: Observable<T>;
}

export interface StateItem {
  readonly kind: 'state';
  readonly position: Position;
  readonly state: 'playing' | 'paused' | 'ended';
  readonly pace: string;
}

export type ReplayItem = Exclude<FeedItem, { kind: 'live' }> | ViewItem | StateItem;

export interface ReplayOptions extends FeedOptions {
  /** The last commit that is played; unless told, where the log ends when it begins. */
  readonly to?: number;
  /** `instant`, `original` (unless told), `xN`. */
  readonly pace?: string;
  readonly paused?: true;
  /** Begins with the view, and gives it again after each seek. */
  readonly view?: true;
}

/** What a log holds, played at a pace. One reader: subscribe to `observable` once. */
export interface Replay {
  readonly observable: Observable<ReplayItem>;
  play(): void;
  pause(): void;
  /** Goes on after this commit. */
  seek(commit: number): void;
  /** So many commits, then it pauses. */
  step(commits: number): void;
  pace(pace: string): void;
}

/** Which position: a commit number, or a text as in protocol/position.ts; the newest unless told. */
export interface At {
  readonly at?: number | string;
  /** Refused with `epoch-changed` unless the machine still has it. */
  readonly epoch?: string;
}

export interface CompareOptions extends At {
  /** Of the other machine. */
  readonly withAt?: number | string;
  /** Which commands get a line: all, none, or those that did not come to the same but for addresses (unless told). */
  readonly lines?: 'none' | 'changed' | 'all';
}

export interface FeedOptions {
  /** `'start'` unless told. */
  readonly from?: From;
  /** Only these events, and only commits that have one. */
  readonly filter?: Filter;
}

export interface MachineHandle {
  readonly name: string;
  summary(): Promise<MachineSummary>;
  /** Errors that the kernel returns are events of the commit; a ClientError says that nothing happened. */
  command(command: Exclude<Command, { type: 'boot' }>, options?: CommandOptions): Promise<Done>;
  commits(options?: FeedOptions): Feed;
  /** The view at `from` (`'now'` unless told), then what `commits` gives: to be folded on. */
  follow(options?: FeedOptions): Feed<FeedItem | ViewItem>;
  /** Plays what is there, from `from`, at a pace. */
  replay(options?: ReplayOptions): Replay;
  /** `brief`: without what modules import and export, most of a large view. */
  view(options?: At & { readonly brief?: true }): Promise<ViewAnswer>;
  /** One module, whole: what it imports and exports too. */
  module(name: string, options?: At): Promise<ModuleAnswer>;
  /** Figures over the whole history up to a position, in at most `points` buckets: 1024 unless told, at most 4096. */
  timeline(options?: At & { readonly points?: number }): Promise<TimelineAnswer>;
  /** Where a position is, and what it is called. */
  locate(options?: At): Promise<LocatedAnswer>;
  bookmarks(): Promise<BookmarksAnswer>;
  /** What differs between two positions, of this machine unless a permalink names another one. */
  diff(from: number | string, to: number | string): Promise<DiffAnswer>;
  snapshots(): Promise<SnapshotsAnswer>;
  /** Each snapshot made once more of the log and compared, oldest first. */
  verifySnapshots(): AsyncIterable<SnapshotVerdict>;
  /** What wrote the bytes at an address, back to the relocation and the module's file. */
  why(address: string, options?: At): Promise<WhyAnswer>;
  /** Follows a call from a site (or a branch, a PLT entry, a trampoline) to where it arrives. */
  trace(address: string, options?: At): Promise<TraceAnswer>;
  /** Live memory as assembler; 16 instructions unless told, at most 256. */
  disassembly(address: string, options?: At & { readonly count?: number }): Promise<DisassemblyAnswer>;
  /** What if: this machine, up to a position, replayed by its commands into a new machine with changed rules, whole or not at all. What `onProgress` throws ends it: nothing is left then. */
  fork(body: ForkBody, onProgress?: (progress: ForkProgress) => void): Promise<Forked>;
  /** The module files that the commands up to a position name, and whether the daemon has them. */
  files(options?: At): Promise<readonly LoadedFile[]>;
  /** This machine beside another, command by command; a summary comes last. */
  compare(other: string, options?: CompareOptions): AsyncIterable<ComparedLine>;
  /** Appends recorded commits after `expected`; `null` creates the machine with them. */
  append(expected: Position | null, commits: readonly Commit[]): Promise<Imported>;
  /** The machine's log as a session file. */
  exportSession(): Promise<AsyncIterable<Uint8Array>>;
  remove(): Promise<void>;
}
