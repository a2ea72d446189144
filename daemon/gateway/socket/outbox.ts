/** What waits to go out on one socket, counted by the socket itself. Who writes more looks whether it is full first. */
import type { WebSocket } from 'ws';
import type { Intake } from './intake.ts';

export interface Outbox {
  /** `sent` is called when the bytes have left, or never will. */
  send(data: string | Uint8Array, sent?: () => void): void;
  /** One message in two pieces, the second of which others may share. */
  sendParts(head: string, rest: Uint8Array): void;
  /** So is a socket that is being closed: what is written to it goes nowhere. */
  full(): boolean;
  /** Resolves when half of it is free, or `signal` aborts. */
  room(signal: AbortSignal): Promise<void>;
}

/** `share`: bytes that may wait before it is full. */
export function openOutbox(socket: WebSocket, intake: Intake, share: () => number): Outbox {
  const waiting = new Set<() => void>();
  const isOpen = (): boolean => socket.readyState === socket.OPEN;
  const hasRoom = (): boolean => isOpen() && socket.bufferedAmount <= share() / 2;
  const flushed = (): void => {
    if (hasRoom() || !isOpen()) intake.release('outbox');
    if (!hasRoom()) return;
    // One after the other, as long as there is room: each subscription of a connection has its turn.
    const [wake] = waiting;
    wake?.();
    if (waiting.size > 0) setImmediate(flushed);
  };

  /** Who sends without taking anything off is not listened to until it does. */
  const hold = (): void => {
    if (socket.bufferedAmount > 2 * share()) intake.hold('outbox');
  };

  return {
    send(data, sent) {
      socket.send(data, { binary: false }, () => {
        sent?.();
        flushed();
      });
      hold();
    },
    sendParts(head, rest) {
      socket.send(head, { binary: false, fin: false });
      socket.send(rest, { binary: false }, flushed);
      hold();
    },
    full: () => !isOpen() || socket.bufferedAmount > share(),
    room(signal) {
      if (hasRoom() || signal.aborted) return Promise.resolve();
      return new Promise((resolve) => {
        const wake = (): void => {
          signal.removeEventListener('abort', wake);
          waiting.delete(wake);
          resolve();
        };
        signal.addEventListener('abort', wake);
        waiting.add(wake);
      });
    },
  };
}
