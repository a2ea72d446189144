/** Whether a socket is listened to: not while anybody holds it, for whatever reason of his own. */
import type { WebSocket } from 'ws';

export interface Intake {
  hold(reason: Reason): void;
  release(reason: Reason): void;
}

/** Frames come too fast; what waits to go out is too much; so are the commands that are not answered. */
type Reason = 'rate' | 'outbox' | 'commands';

export function openIntake(socket: WebSocket): Intake {
  const held = new Set<Reason>();
  return {
    hold(reason) {
      held.add(reason);
      socket.pause();
    },
    release(reason) {
      if (held.delete(reason) && held.size === 0) socket.resume();
    },
  };
}
