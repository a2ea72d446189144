/** A reader that speaks veneerd.v1 by itself: what the SDK would hide (a frame twice, a hole that it mends) shows here. */
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import type { ServerFrame } from '../../protocol/frames.ts';
import { SOCKET_PATH, SUBPROTOCOL } from '../../protocol/wire.ts';
import type { Seen } from './history.ts';
import { type Eyes, openSeen, type Reader, see, standOf } from './reader.ts';

const SUBSCRIPTION = 7;

/** `urls`: the daemons'. */
export function startRawReader(eyes: Eyes, name: string, urls: readonly string[]): Reader {
  const { outcome, random } = eyes;
  const seen = openSeen(eyes, name);
  let open = true;
  let socket: WebSocket | undefined;
  const stop = (): void => {
    open = false;
    socket?.terminate();
  };

  const run = async (): Promise<void> => {
    while (open) {
      const mine = new WebSocket(`${urls[random(urls.length)]?.replace('http', 'ws')}${SOCKET_PATH}`, SUBPROTOCOL);
      socket = mine;
      follow(eyes, seen, mine, stop);
      await new Promise((resolve) => mine.once('close', resolve));
      outcome.tally.resumed++;
      await sleep(100);
    }
  };
  const running = run();
  return {
    seen,
    stop() {
      stop();
      return running;
    },
  };
}

/** Subscribes where `seen` stands, once the daemon has said hello, and takes down what comes until the socket closes. */
function follow(eyes: Eyes, seen: Seen, socket: WebSocket, giveUp: () => void): void {
  const { machine, outcome } = eyes;
  const complain = (text: string): void => {
    outcome.complain('torn', `FAULT-6: ${machine.name}: ${seen.reader}: ${text}`);
    giveUp();
  };
  socket.on('error', () => undefined);
  socket.on('message', (data) => {
    const frame = JSON.parse(String(data)) as ServerFrame;
    switch (frame.type) {
      case 'hello': {
        const from = standOf(seen);
        socket.send(JSON.stringify({ type: 'subscribe', subscription: SUBSCRIPTION, machine: machine.name, from }));
        return;
      }
      case 'commits':
        if (!frame.commits.every((commit) => see(eyes, seen, frame.epoch, commit))) giveUp();
        return;
      case 'subscribed':
      case 'live':
        if (frame.position.commit === seen.prints.length) return;
        complain(`${frame.type} at ${frame.position.commit}, although it has ${seen.prints.length} commits`);
        return;
      case 'end':
        if (frame.error?.temporary === true) socket.terminate();
        else complain(`the subscription ended: ${frame.error?.code}, ${frame.error?.message}`);
        return;
      default:
        complain(`a frame of type ${frame.type}, which it did not ask for`);
    }
  });
}
