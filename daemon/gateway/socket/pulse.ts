/**
 * Signs of life. Every socket is pinged now and then. One that neither answers nor takes anything off is cut; one that
 * answers but does not read what waits for it is told to come back when it can.
 */
import type { WebSocket } from 'ws';
import { CLOSE } from '../../../protocol/wire.ts';

export interface Pulse {
  add(socket: WebSocket): void;
  close(): void;
}

interface Seen {
  /** Whether anything came since the last ping. */
  heard: boolean;
  /** What waited to go out at the last ping, and since when it has not become less. */
  waiting: number;
  stalledAt: number;
}

/** Milliseconds for a reader to take off what was sent to it before it was sent away. */
const FAREWELL_MS = 5_000;
/** The sockets take their turns over so many parts of the time between two pings. */
const PARTS = 30;

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
    if (waiting === 0 || waiting < seen.waiting) seen.stalledAt = now();
    // Behind what is not taken off yet neither a ping nor an answer gets through: then taking off is the sign.
    const alive = seen.heard || waiting < seen.waiting;
    seen.heard = false;
    seen.waiting = waiting;
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
    add(socket) {
      next = (next + 1) % PARTS;
      const part = parts[next];
      const seen: Seen = { heard: true, waiting: 0, stalledAt: now() };
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
