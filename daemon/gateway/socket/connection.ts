/** One client on one socket: its subscriptions, its commands, its patience with it. Frames: protocol/frames.ts. */
import type { WebSocket } from 'ws';
import { type WireError, wireError } from '../../../protocol/errors.ts';
import { CLOSE, type ClientFrame, type ServerFrame, SUBPROTOCOL } from '../../../protocol/frames.ts';
import { BAD_FRAMES, COMMANDS, FRAME_BYTES, SUBSCRIPTIONS, UPLOAD_BYTES } from '../../limits.ts';
import type { Batch } from '../../pipelines/hubs.ts';
import { isMistake, thrown } from '../../pipelines/outcome.ts';
import type { Runtime } from '../../pipelines/runtime.ts';
import { runSubscription } from '../../pipelines/subscription.ts';
import { VERSION } from '../../version.ts';
import { notAllowed } from '../auth/authorize.ts';
import type { Role } from '../auth/roles.ts';
import { openOutbox } from './outbox.ts';
import { frameRate } from './rate.ts';
import { type About, readFrame } from './read-frame.ts';

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
  const outbox = openOutbox(socket, share);
  const take = frameRate(socket);
  const subscriptions = new Map<number, AbortController>();
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

  async function subscribe({ subscription, machine, from }: FrameOf<'subscribe'>): Promise<void> {
    if (subscriptions.has(subscription)) {
      const error = wireError('bad-frame', `subscription ${subscription} is open already`);
      refuseFrame(error, { kind: 'subscription', subscription });
      return;
    }
    if (subscriptions.size >= SUBSCRIPTIONS) {
      const error = wireError('too-busy', `a connection has at most ${SUBSCRIPTIONS} subscriptions`);
      send({ type: 'end', subscription, error });
      return;
    }
    const stop = new AbortController();
    subscriptions.set(subscription, stop);
    try {
      if (!subscribed(1)) {
        const error = wireError('too-busy', 'the daemon has as many subscriptions as it can hold');
        send({ type: 'end', subscription, error });
        return;
      }
      const start = await runtime.locate(machine, from);
      if (stop.signal.aborted) return;
      if (!start.ok) {
        send({ type: 'end', subscription, error: start.error });
        return;
      }
      send({ type: 'subscribed', subscription, position: start.value });
      const reader = {
        commits: (batch: Batch) => outbox.send(batch.frame(subscription, () => commitsFrame(subscription, batch))),
        live: (position: { epoch: string; commit: number }) => send({ type: 'live', subscription, position }),
        share,
        full: outbox.full,
        room: outbox.room,
      };
      const error = await runSubscription(runtime.world, machine, start.value, reader, stop.signal);
      if (error !== undefined) send({ type: 'end', subscription, error });
    } catch (error) {
      if (isMistake(error)) runtime.world.mistake(error);
      send({ type: 'end', subscription, error: thrown(error).error });
    } finally {
      subscribed(-1);
      if (subscriptions.get(subscription) === stop) subscriptions.delete(subscription);
    }
  }

  function unsubscribe({ subscription }: FrameOf<'unsubscribe'>): void {
    const open = subscriptions.get(subscription);
    if (open === undefined) return;
    subscriptions.delete(subscription);
    open.abort();
    send({ type: 'end', subscription });
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

  socket.on('message', (data: Buffer, isBinary: boolean) => {
    take();
    const read = readFrame(data, isBinary);
    if (!read.ok) refuseFrame(read.error, read.about);
    else if (read.frame.type === 'subscribe') void subscribe(read.frame);
    else if (read.frame.type === 'unsubscribe') unsubscribe(read.frame);
    else void command(read.frame);
  });
  // What breaks the WebSocket protocol itself: ws closes the connection with the code that RFC 6455 gives.
  socket.on('error', () => {});
  socket.on('close', () => {
    for (const stop of subscriptions.values()) stop.abort();
    subscriptions.clear();
  });

  send({
    type: 'hello',
    protocol: SUBPROTOCOL,
    version: VERSION,
    limits: { frameBytes: FRAME_BYTES, subscriptions: SUBSCRIPTIONS, commands: COMMANDS, uploadBytes: UPLOAD_BYTES },
  });
}

/** The texts of the commits as the log keeps them, spliced into the frame around them. */
function commitsFrame(subscription: number, { epoch, entries }: Batch): Uint8Array {
  const texts = entries.map((entry) => entry.text).join(',');
  return Buffer.from(`{"type":"commits","subscription":${subscription},"epoch":"${epoch}","commits":[${texts}]}`);
}
