/** One client on one socket: its subscriptions, its commands, its patience with it. Frames: protocol/frames.ts. */
import type { WebSocket } from 'ws';
import type { WireError } from '../../../protocol/errors.ts';
import type { ClientFrame, ServerFrame } from '../../../protocol/frames.ts';
import { CLOSE, FEATURES, SUBPROTOCOL } from '../../../protocol/wire.ts';
import { BAD_FRAMES, COMMANDS, FRAME_BYTES, SUBSCRIPTIONS, UPLOAD_BYTES } from '../../limits.ts';
import type { Runtime } from '../../pipelines/runtime.ts';
import { VERSION } from '../../version.ts';
import type { Role } from '../auth/roles.ts';
import { openCommands } from './commands.ts';
import { openIntake } from './intake.ts';
import { openOutbox } from './outbox.ts';
import { frameRate } from './rate.ts';
import { type About, readFrame } from './read-frame.ts';
import { openSubscriptions } from './subscriptions.ts';
import { openTurns } from './turns.ts';

/** What the daemon grants to one connection. */
export interface Grant {
  readonly role: Role;
  /** Bytes that may wait for it to be taken off; fewer when there are many connections. */
  readonly share: () => number;
  /** Counts the subscriptions of all connections, and says whether there are as many as there may be, or fewer. */
  readonly subscribed: (change: 1 | -1) => boolean;
  /** Machines that it may boot. */
  readonly machines: number;
  /** Milliseconds between two pings. */
  readonly pingMs: number;
}

export function serve(socket: WebSocket, runtime: Runtime, { role, share, subscribed, machines, pingMs }: Grant): void {
  const intake = openIntake(socket);
  const outbox = openOutbox(socket, intake, share);
  const inTurn = openTurns(outbox);
  const count = frameRate(intake);
  const gone = new AbortController();
  const commands = openCommands(runtime, { role, intake, outbox, inTurn, machines, gone: gone.signal });
  const subscriptions = openSubscriptions(runtime, outbox, inTurn, share, subscribed);
  let badFrames = 0;

  const send = (frame: ServerFrame): void => outbox.send(JSON.stringify(frame));

  function refuseFrame(error: WireError, about: About): void {
    if (about.kind === 'command') send({ type: 'error', id: about.id, machine: about.machine, error });
    else if (about.kind === 'nothing' || subscriptions.has(about.subscription)) send({ type: 'error', error });
    else send({ type: 'end', subscription: about.subscription, error });
    badFrames++;
    if (badFrames >= BAD_FRAMES) socket.close(CLOSE.badFrames, `${badFrames} frames in error`);
  }

  function take(frame: ClientFrame, bytes: number): void {
    if (frame.type === 'command') {
      commands.take(frame, bytes);
      return;
    }
    if (frame.type === 'beat') {
      send({ type: 'beat' });
      return;
    }
    if (frame.type === 'unsubscribe') {
      subscriptions.unsubscribe(frame);
      return;
    }
    const error =
      frame.type === 'subscribe'
        ? subscriptions.subscribe(frame)
        : frame.type === 'replay'
          ? subscriptions.replay(frame)
          : subscriptions.control(frame);
    if (error !== undefined) refuseFrame(error, { kind: 'subscription', subscription: frame.subscription });
  }

  socket.on('message', (data: Buffer, isBinary: boolean) => {
    count();
    // It was sent away: what comes until it has heard of that is not done.
    if (socket.readyState !== socket.OPEN) return;
    const read = readFrame(data, isBinary);
    if (read.ok) take(read.frame, data.length);
    else refuseFrame(read.error, read.about);
  });
  // What breaks the WebSocket protocol itself: ws closes the connection with the code that RFC 6455 gives.
  socket.on('error', () => {});
  socket.on('close', () => {
    gone.abort();
    subscriptions.close();
  });

  send({
    type: 'hello',
    protocol: SUBPROTOCOL,
    version: VERSION,
    limits: {
      frameBytes: FRAME_BYTES,
      subscriptions: SUBSCRIPTIONS,
      commands: COMMANDS,
      uploadBytes: UPLOAD_BYTES,
      silenceMs: pingMs,
    },
    features: [...FEATURES],
  });
}
