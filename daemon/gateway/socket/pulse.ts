/**
 * Signs of life. Every socket is pinged now and then. One that neither answers nor takes anything off is cut; one that
 * answers but does not read what waits for it is told to come back when it can.
 */
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { CLOSE } from '../../../protocol/wire.ts';

export interface Pulse {
  /** `raw`: the connection that `socket` is on. */
  add(socket: WebSocket, raw: Duplex): void;
  close(): void;
}

interface Seen {
  /** Whether anything came since the last ping. */
  heard: boolean;
  readonly raw: Duplex;
  /** What waited to go out at the last ping, how much of the write under way, and since when neither has become less. */
  waiting: number;
  rest: number;
  stalledAt: number;
}

/** Milliseconds for a reader to take off what was sent to it before it was sent away. */
const FAREWELL_MS = 5_000;
/** The sockets take their turns over so many parts of the time between two pings. */
const PARTS = 30;

/** Bytes of the write under way that the system has not taken yet. Node's own timeouts of sockets go by the same number. */
function restOf(raw: Duplex & { readonly _handle?: { readonly writeQueueSize?: number } | null }): number {
  return raw._handle?.writeQueueSize ?? 0;
}

export function openPulse(
  pingMs: number,
  stallMs: number,
  now: () => number = performance.now.bind(performance),
): Pulse {
  const parts = Array.from({ length: PARTS }, () => new Map<WebSocket, Seen>());
  let next = 0;
  let turn = 0;

  function check(socket: WebSocket, seen: Seen): void {
    const waiting = socket.bufferedAmount;
    const rest = restOf(seen.raw);
    // A long frame counts as waiting until all of it has gone: a slow reader shows in what is left of it.
    const taken = waiting < seen.waiting || rest !== seen.rest;
    if (waiting === 0 || taken) seen.stalledAt = now();
    // Behind what is not taken off yet neither a ping nor an answer gets through: then taking off is the sign.
    // From a socket that is held back no sign can come.
    const alive = seen.heard || taken || socket.isPaused;
    seen.heard = false;
    seen.waiting = waiting;
    seen.rest = rest;
    if (now() - seen.stalledAt > stallMs) {
      // It gets the code if it begins to read soon; else it is cut some seconds later.
      socket.close(CLOSE.tooSlow, 'nothing was taken off for too long');
      setTimeout(() => socket.terminate(), FAREWELL_MS).unref();
    } else if (!alive && waiting === 0) socket.terminate();
    else socket.ping();
  }

  const timer = setInterval(() => {
    turn = (turn + 1) % PARTS;
    for (const [socket, seen] of parts[turn] ?? []) check(socket, seen);
  }, pingMs / PARTS);
  timer.unref();

  return {
    add(socket, raw) {
      next = (next + 1) % PARTS;
      const part = parts[next];
      const seen: Seen = { heard: true, raw, waiting: 0, rest: 0, stalledAt: now() };
      const hear = (): void => {
        seen.heard = true;
      };
      socket.on('pong', hear);
      socket.on('message', hear);
      part?.set(socket, seen);
      socket.on('close', () => part?.delete(socket));
    },
    close: () => clearInterval(timer),
  };
}
