/** Every bound of the daemon, in one place. Bytes unless said otherwise. */

/** Longest WebSocket frame and longest JSON body. A boot command with all of a kernel's symbols has about 2 MB. */
export const FRAME_BYTES = 8 << 20;
/** Frames in error on one connection before it is closed. */
export const BAD_FRAMES = 8;
/** Subscriptions on one connection. */
export const SUBSCRIPTIONS = 64;
/** Commands without an answer on one connection, and the bytes of them beyond which no more is read of it. */
export const COMMANDS = 256;
export const COMMANDS_BYTES = 2 * FRAME_BYTES;

/** Frames a second that are read of one connection, and so many at once after a pause; what comes faster waits in the network. */
export const FRAMES_PER_SECOND = 20_000;
export const FRAMES_AT_ONCE = 20_000;

/** Beyond this a socket is not pushed to: it reads pages of the log as it takes them off. */
export const SOCKET_HIGH = 4 << 20;
/** What waits to go out on all sockets; the more there are, the less each of them gets. */
export const SOCKETS_HIGH = 256 << 20;
/** The least that one of them gets. */
export const SOCKET_LEAST = 16 << 10;

/** Live commits that are handed to a reader at a time, one commit at least. */
export const LIVE_BYTES = 128 << 10;

/** A body that brings less than so many bytes in `bodyMs` is given up. */
export const BODY_LEAST = 4 << 10;

/** What the edge grants to all clients together, and how long it waits for one. */
export interface EdgeLimits {
  /** WebSockets at the same time. */
  readonly connections: number;
  /** Subscriptions of all connections. */
  readonly subscriptions: number;
  /** Machines that one connection may boot. */
  readonly machines: number;
  /** Module files, sessions and recorded commits that come in at the same time. */
  readonly uploads: number;
  /** Milliseconds for a client to send the head of a request. */
  readonly headMs: number;
  /** Milliseconds without a byte in either direction until an HTTP connection is closed for which the daemon does not work. */
  readonly idleMs: number;
  /** Milliseconds between two looks at a body that comes in. */
  readonly bodyMs: number;
  /** Milliseconds between two pings of a socket; one that gave no sign of life in between is cut. */
  readonly pingMs: number;
  /** Milliseconds that a reader may take nothing off while something waits for it. */
  readonly stallMs: number;
}

export const EDGE: EdgeLimits = {
  connections: 12_000,
  subscriptions: 100_000,
  machines: 1_000,
  uploads: 16,
  headMs: 10_000,
  idleMs: 120_000,
  bodyMs: 15_000,
  pingMs: 30_000,
  stallMs: 120_000,
};

/** Pages of logs, and the frames made of them, that are kept for readers who come a moment later. */
export const PAGES_BYTES = 64 << 20;

/** Milliseconds that a ticket is good for, and tickets that are good at the same time. */
export const TICKET_MS = 30_000;
export const TICKETS = 1024;

/** Machines in one log. */
export const MACHINES = 10_000;
/** Commands and other writes that wait for one machine. */
export const MAILBOX = 1024;
/** Questions about addresses that wait, and differences: each reads a log. */
export const INSPECTIONS = 64;
/** Views at positions that wait: each is folded from a snapshot. */
export const OLDER_VIEWS = 1024;
/** Machines whose snapshots wait to be verified; each reads a log. */
export const VERIFICATIONS = 8;
/** Machines whose timeline is kept, each with a view; so many can be made at the same time. */
export const TIMELINES = 8;
/** Machines whose kernel state and newest view are kept in memory. */
export const HOT_MACHINES = 32;

/** A module file, before and after decompression. */
export const UPLOAD_BYTES = 256 << 20;
/** A session file after decompression. */
export const SESSION_BYTES = 4 * 2 ** 30;
/** Recorded commits in one request. */
export const RECORDED_BYTES = 128 << 20;

/** Forks and looks at what a fork needs that wait; each replays or reads a log. */
export const FORKS = 8;
/** Comparisons of two logs under way at the same time. */
export const COMPARISONS = 16;
/** Module files that the commands of one log name, each once. */
export const LOG_FILES = 100_000;

/** A snapshot is due when the log since the last one has so many bytes, */
export const SNAPSHOT_LEAST = 512 << 10;
/** and so many times the bytes of that one. */
export const SNAPSHOT_SHARE = 4;
/** A part of a snapshot, uncompressed. */
export const MAX_PART_BYTES = 1 << 30;
/** Commits that are read to answer one question about an address. */
export const WHY_BYTES = 32 << 20;

/** Milliseconds that a stopping daemon gives to what is under way. */
export const DRAIN_MS = 5_000;
