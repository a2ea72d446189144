/** Every bound of the daemon, in one place. Bytes unless said otherwise. */

/** Longest WebSocket frame and longest JSON body. A boot command with all of a kernel's symbols has about 2 MB. */
export const FRAME_BYTES = 8 << 20;
/** Frames in error on one connection before it is closed. */
export const BAD_FRAMES = 8;
/** Subscriptions on one connection. */
export const SUBSCRIPTIONS = 64;
/** Commands without an answer on one connection. */
export const COMMANDS = 256;

/** Beyond this a socket is not pushed to: it reads pages of the log as it takes them off. */
export const SOCKET_HIGH = 4 << 20;

/** Commands and other writes that wait for one machine. */
export const MAILBOX = 1024;
/** Questions about addresses that wait; each reads a log. */
export const INSPECTIONS = 64;
/** Machines whose kernel state and newest view are kept in memory. */
export const HOT_MACHINES = 32;

/** A module file, before and after decompression. */
export const UPLOAD_BYTES = 256 << 20;
/** A session file after decompression. */
export const SESSION_BYTES = 4 * 2 ** 30;
/** One line of a session file: the largest commit that the log takes, and a bit. */
export const SESSION_LINE_BYTES = 65 << 20;
/** Recorded commits in one request. */
export const RECORDED_BYTES = 128 << 20;

/** Commits between two snapshots of the view. */
export const SNAPSHOT_EVERY = 1000;

/** Milliseconds that a stopping daemon gives to what is under way. */
export const DRAIN_MS = 5_000;
