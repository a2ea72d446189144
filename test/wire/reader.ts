/**
 * A bare reader of one machine, cheap enough for a thousand of them in a process: it looks at the number of every commit
 * and at nothing else. It can stop to read, and comes back where it was when it is sent away.
 */
import { WebSocket } from 'ws';
import { COMMIT_VERSION } from '../../protocol/commit-version.ts';
import { mayReconnect, SOCKET_PATH, SUBPROTOCOL } from '../../protocol/wire.ts';

export interface Reader {
  /** The last commit that it has in all of its subscriptions. */
  at(): number;
  /** Resolves when it has this commit; rejects once a commit came that does not follow the one before it. */
  reach(commit: number): Promise<void>;
  /** Takes nothing off its socket until `resume`. */
  pause(): void;
  resume(): void;
  close(): void;
}

/** What every commit of a frame begins with; its number follows. */
const COMMIT = Buffer.from(`{"v":${COMMIT_VERSION},"number":`);
/** The type of a frame and its subscription stand within so many bytes. */
const HEAD = 64;
const COMMITS = /^{"type":"commits","subscription":(\d+),/;
const REFUSAL = /^{"type":"(?:end|error)"/;

/**
 * Reads everything of a machine from its start, by each of `subscriptions`, which are the numbers that their frames carry.
 * `heard` is told of the last commit of each frame.
 */
export function openReader(
  url: string,
  machine: string,
  epoch: string,
  subscriptions: readonly number[],
  heard: (commit: number) => void = () => undefined,
): Reader {
  const places = new Map(subscriptions.map((subscription) => [subscription, 0]));
  const least = (): number => Math.min(...places.values());
  let paused = false;
  let closed = false;
  let failure: Error | undefined;
  let socket: WebSocket;
  let waiting: { readonly commit: number; resolve(): void; reject(error: Error): void } | undefined;

  function settle(): void {
    if (failure !== undefined) waiting?.reject(failure);
    else if (waiting !== undefined && least() >= waiting.commit) waiting.resolve();
    else return;
    waiting = undefined;
  }
  function fail(message: string): void {
    failure ??= new Error(message);
    settle();
  }

  function take(data: Buffer): void {
    const head = data.toString('latin1', 0, HEAD);
    if (REFUSAL.test(head)) fail(`after commit ${least()}: ${data}`);
    const subscription = Number(COMMITS.exec(head)?.[1]);
    let at = places.get(subscription);
    if (at === undefined) return;
    for (let place = data.indexOf(COMMIT); place >= 0; place = data.indexOf(COMMIT, place + COMMIT.length)) {
      const number = Number.parseInt(data.toString('latin1', place + COMMIT.length, place + COMMIT.length + 16), 10);
      if (number !== at + 1) {
        fail(`commit ${number} came after commit ${at}`);
        return;
      }
      at = number;
    }
    places.set(subscription, at);
    heard(at);
    settle();
  }

  function open(): void {
    socket = new WebSocket(`${url.replace('http', 'ws')}${SOCKET_PATH}`, SUBPROTOCOL, { skipUTF8Validation: true });
    socket.on('message', take);
    socket.on('error', () => {});
    socket.on('open', () => {
      for (const [subscription, commit] of places) {
        socket.send(JSON.stringify({ type: 'subscribe', subscription, machine, from: { epoch, commit } }));
      }
      if (paused) socket.pause();
    });
    socket.on('close', (code) => {
      if (closed) return;
      if (mayReconnect(code)) setTimeout(open, AGAIN_MS);
      else fail(`after commit ${least()} it was sent away for good: ${code}`);
    });
  }
  open();

  return {
    at: least,
    reach: (commit) =>
      new Promise((resolve, reject) => {
        waiting = { commit, resolve, reject };
        settle();
      }),
    pause() {
      paused = true;
      socket.pause();
    },
    resume() {
      paused = false;
      socket.resume();
    },
    close() {
      closed = true;
      socket.terminate();
    },
  };
}

const AGAIN_MS = 100;
