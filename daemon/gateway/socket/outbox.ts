/** What waits to go out on one socket, counted by the socket itself. Who writes more looks whether it is full first. */
import type { WebSocket } from 'ws';

export interface Outbox {
  /** `sent` is called when the bytes have left, or never will. */
  send(data: string | Uint8Array, sent?: () => void): void;
  full(): boolean;
  /** Resolves when half of it is free, the socket is closed, or `signal` aborts. */
  room(signal: AbortSignal): Promise<void>;
}

/** `share`: bytes that may wait before it is full. */
export function openOutbox(socket: WebSocket, share: () => number): Outbox {
  const waiting = new Set<() => void>();
  const flushed = (): void => {
    if (socket.bufferedAmount > share() / 2 && socket.readyState === socket.OPEN) return;
    if (socket.isPaused) socket.resume();
    for (const wake of waiting) wake();
    waiting.clear();
  };
  socket.on('close', flushed);

  return {
    send(data, sent) {
      socket.send(data, { binary: false }, () => {
        sent?.();
        flushed();
      });
      // Who sends without taking anything off is not listened to until it does.
      if (socket.bufferedAmount > 2 * share()) socket.pause();
    },
    full: () => socket.bufferedAmount > share(),
    room(signal) {
      if (socket.bufferedAmount <= share() / 2 || signal.aborted) return Promise.resolve();
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
