/** One machine at run time: its mailbox, its kernel state, its views. Everything in it can be rebuilt from the log. */
import type { Command } from '../../protocol/commands.ts';
import type { Position } from '../../protocol/commit.ts';
import { MAILBOX } from '../limits.ts';
import type { EventLog } from '../log/log.ts';
import type { Hubs } from './hubs.ts';
import type { Held, Kernel } from './kernel-state.ts';
import { type Mailbox, openMailbox } from './mailbox.ts';
import type { Snapshots } from './snapshots.ts';
import { openViews, type Views } from './views.ts';

export interface BlobSource {
  get(sha256: string): Promise<Uint8Array | undefined>;
  has(sha256: string): Promise<boolean>;
}

/** Appends that somebody else was first to, since the daemon's start. */
export interface Conflicts {
  /** Decided again. */
  retried: number;
  /** Refused in the end. */
  givenUp: number;
}

/** What pipelines work with. `mistake` is told of what should never happen. */
export interface World {
  readonly log: EventLog;
  readonly blobs: BlobSource;
  readonly kernel: Kernel;
  readonly hubs: Hubs;
  readonly snapshots: Snapshots;
  readonly conflicts: Conflicts;
  readonly now: () => number;
  readonly newEpoch: () => string;
  readonly mistake: (error: unknown) => void;
}

export interface Request {
  readonly id: string;
  readonly command: Command;
  readonly expected?: Position | undefined;
}

export interface MachineRuntime {
  readonly name: string;
  readonly mailbox: Mailbox;
  readonly views: Views;
  held: Held | undefined;
}

export function openMachine(world: World, name: string): MachineRuntime {
  return {
    name,
    mailbox: openMailbox(MAILBOX, world.mistake),
    views: openViews(world.snapshots, name, world.mistake),
    held: undefined,
  };
}
