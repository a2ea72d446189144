/** One client on one socket: its subscriptions, its commands, its patience with it. Frames: protocol/frames.ts. */
import type { WebSocket } from 'ws';
import { type WireError, wireError } from '../../../protocol/errors.ts';
import type { ClientFrame, ServerFrame } from '../../../protocol/frames.ts';
import { CLOSE, SUBPROTOCOL } from '../../../protocol/wire.ts';
import { BAD_FRAMES, COMMANDS, FRAME_BYTES, SUBSCRIPTIONS, UPLOAD_BYTES } from '../../limits.ts';
import type { Runtime } from '../../pipelines/runtime.ts';
import { VERSION } from '../../version.ts';
import { notAllowed } from '../auth/authorize.ts';
import type { Role } from '../auth/roles.ts';
import { openIntake } from './intake.ts';
import { openOutbox } from './outbox.ts';
import { frameRate } from './rate.ts';
import { type About, readFrame } from './read-frame.ts';
import { openSubscriptions } from './subscriptions.ts';

type FrameOf<T extends ClientFrame['type']> = Extract<ClientFrame, { type: T }>;

/** What the daemon grants to one connection. */
export interface Grant {
  readonly role: Role;
  /** Bytes that may wait for it to be taken off; fewer when there are many connections. */
  readonly share: () => number;
  /** Counts the subscriptions of all connections, and says whether there are as many as there may be, or fewer. */
  readonly subscribed: (change: 1 | -1) => boolean;
}

export function serve(socket: WebSocket, runtime: Runtime, { role, share, subscribed }: Grant): void {
  const intake = openIntake(socket);
  const outbox = openOutbox(socket, intake, share);
  const count = frameRate(intake);
  const subscriptions = openSubscriptions(runtime, outbox, share, subscribed);
  let commands = 0;
  let badFrames = 0;

  const send = (frame: ServerFrame, sent?: () => void): void => outbox.send(JSON.stringify(frame), sent);

  function refuseFrame(error: WireError, about: About): void {
    if (about.kind === 'command') send({ type: 'error', id: about.id, machine: about.machine, error });
    else if (about.kind === 'nothing' || subscriptions.has(about.subscription)) send({ type: 'error', error });
    else send({ type: 'end', subscription: about.subscription, error });
    badFrames++;
    if (badFrames >= BAD_FRAMES) socket.close(CLOSE.badFrames, `${badFrames} frames in error`);
  }

  async function command({ id, machine, command, expected }: FrameOf<'command'>): Promise<void> {
    const answered = (): void => {
      commands--;
    };
    commands++;
    const denied = notAllowed(role, 'operate');
    if (denied !== undefined) {
      send({ type: 'error', id, machine, error: denied }, answered);
      return;
    }
    if (commands > COMMANDS) {
      const error = wireError('too-busy', `a connection has at most ${COMMANDS} commands without an answer`);
      send({ type: 'error', id, machine, error }, answered);
      return;
    }
    const outcome = await runtime.command(machine, { id, command, expected });
    if (!outcome.ok) {
      send({ type: 'error', id, machine, error: outcome.error }, answered);
      return;
    }
    const { epoch, number, repeated, text } = outcome.value;
    const head = { type: 'result', id, machine, position: { epoch, commit: number }, repeated };
    outbox.send(`${JSON.stringify(head).slice(0, -1)},"commit":${text}}`, answered);
  }

  function take(frame: ClientFrame): void {
    if (frame.type === 'command') {
      void command(frame);
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
    if (read.ok) take(read.frame);
    else refuseFrame(read.error, read.about);
  });
  // What breaks the WebSocket protocol itself: ws closes the connection with the code that RFC 6455 gives.
  socket.on('error', () => {});
  socket.on('close', () => {
    subscriptions.close();
  });

  send({
    type: 'hello',
    protocol: SUBPROTOCOL,
    version: VERSION,
    limits: { frameBytes: FRAME_BYTES, subscriptions: SUBSCRIPTIONS, commands: COMMANDS, uploadBytes: UPLOAD_BYTES },
  });
}
