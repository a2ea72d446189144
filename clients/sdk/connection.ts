/**
 * One WebSocket, kept up as long as something needs it: unanswered commands and open subscriptions. After a break it
 * comes back with a jittered delay, sends the commands again (their ids make that safe) and resumes the subscriptions.
 */
import { BehaviorSubject, type Observable } from 'rxjs';
import { wireError } from '../../protocol/errors.ts';
import type { ClientFrame, ServerFrame } from '../../protocol/frames.ts';
import { type Feature, mayReconnect, SUBPROTOCOL } from '../../protocol/wire.ts';
import { ClientError } from './errors.ts';
import { readFrame, withoutId } from './frames.ts';
import { openPulse, type Pulse } from './pulse.ts';
import type { ConnectionState, SocketConstructor, SocketLike } from './types.ts';

/** Milliseconds: the n-th attempt in a row waits up to FIRST * 2^n, at most LONGEST. */
const FIRST_DELAY = 100;
const LONGEST_DELAY = 5_000;
/** Attempts within the client's patience of which nothing is heard. */
const ATTEMPTS = 3;
/** RFC 6455: a connection that ended without a word. */
const GONE = 1006;

type HelloFrame = Extract<ServerFrame, { type: 'hello' }>;
export type ResultFrame = Extract<ServerFrame, { type: 'result' }>;
export type SubscriptionFrame = Extract<ServerFrame, { subscription: number }>;

export interface Subscriber {
  /** The frame that opens it, or opens it again after a break. */
  request(subscription: number): SubscriptionRequest;
  /** `chars`: length of the frame's text. */
  frame(frame: SubscriptionFrame, chars: number): void;
  fail(error: ClientError): void;
}

export type SubscriptionRequest = Extract<ClientFrame, { type: 'subscribe' | 'replay' }>;
export type Control = Omit<Extract<ClientFrame, { type: 'control' }>, 'type' | 'subscription'>;

export interface Subscription {
  /** Whether it was said: while there is no connection the next request has to say it. */
  control(what: Control): boolean;
  end(): void;
}

interface Pending {
  readonly text: string;
  resolve(result: ResultFrame): void;
  reject(error: ClientError): void;
}

export interface Connection {
  readonly state: Observable<ConnectionState>;
  /** Sends a command frame until it is answered. */
  command(machine: string, id: string, text: string): Promise<ResultFrame>;
  subscribe(subscriber: Subscriber): Subscription;
  close(): void;
}

/** `address`: where to open the next socket; `url` names the daemon in errors. */
export function openConnection(
  url: string,
  address: () => Promise<string>,
  Socket: SocketConstructor,
  patience: number,
): Connection {
  const state = new BehaviorSubject<ConnectionState>('idle');
  const pending = new Map<string, Pending>();
  const subscribers = new Map<number, Subscriber>();
  let socket: SocketLike | undefined;
  let subscriptions = 0;
  let attempts = 0;
  /** A later attempt, or the end, makes an earlier one that still waits for its address worthless. */
  let turns = 0;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let deadline: ReturnType<typeof setTimeout> | undefined;
  /** Until the daemon has said hello. */
  let greeting: ReturnType<typeof setTimeout> | undefined;
  let features: ReadonlySet<string> = new Set();
  let pulse: Pulse | undefined;

  function need(): void {
    if (state.value === 'closed') throw new ClientError('closed', 'this client was closed');
    if (state.value !== 'idle') return;
    state.next('connecting');
    deadline = setTimeout(() => giveUp(`no connection to ${url} within ${patience} ms`), patience);
    void attempt();
  }

  async function attempt(): Promise<void> {
    const turn = ++turns;
    let where: string;
    try {
      where = await address();
    } catch (error) {
      if (turn !== turns) return;
      if (error instanceof ClientError && !error.temporary) fall(error);
      else again();
      return;
    }
    if (turn !== turns) return;
    const mine = new Socket(where, SUBPROTOCOL);
    socket = mine;
    greeting = setTimeout(() => abandon('the daemon said nothing'), patience / ATTEMPTS);
    mine.onmessage = (event) => socket === mine && receive(event.data);
    mine.onerror = () => {};
    mine.onclose = (event) => socket === mine && lost(event.code, event.reason);
  }

  /** Nothing comes any more: the network has gone, and has not said so. */
  function abandon(why: string): void {
    const old = socket;
    lost(GONE, why);
    old?.close();
  }

  function lost(code: number, reason: string): void {
    socket = undefined;
    quieten();
    if (!mayReconnect(code)) {
      failAll(ClientError.of(wireError('bad-frame', `the daemon closed the connection: ${code} ${reason}`)));
    }
    if (pending.size === 0 && subscribers.size === 0) {
      clearTimeout(deadline);
      state.next('idle');
      return;
    }
    if (state.value === 'open') {
      state.next('connecting');
      deadline = setTimeout(() => giveUp(`lost ${url}, no new connection within ${patience} ms`), patience);
    }
    again();
  }

  function again(): void {
    const longest = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** attempts++);
    retry = setTimeout(() => void attempt(), longest * (0.5 + Math.random() / 2));
  }

  const giveUp = (message: string): void => fall(new ClientError('unreachable', message, true));

  function fall(error: ClientError): void {
    drop();
    state.next('idle');
    failAll(error);
  }

  function quieten(): void {
    clearTimeout(greeting);
    pulse?.stop();
    pulse = undefined;
  }

  function drop(): void {
    quieten();
    clearTimeout(retry);
    clearTimeout(deadline);
    turns++;
    const old = socket;
    socket = undefined;
    old?.close();
  }

  function failAll(error: ClientError): void {
    const all = [...pending.values()].map((p) => p.reject).concat([...subscribers.values()].map((s) => s.fail));
    pending.clear();
    subscribers.clear();
    for (const fail of all) fail(error);
  }

  function receive(data: unknown): void {
    pulse?.heard();
    const frame = readFrame(data);
    if (frame === undefined) {
      failAll(new ClientError('bad-answer', 'a frame that is not of veneerd.v1'));
      return;
    }
    switch (frame.type) {
      case 'hello': {
        clearTimeout(deadline);
        clearTimeout(greeting);
        features = new Set(frame.features);
        watch(frame);
        attempts = 0;
        state.next('open');
        for (const { text } of pending.values()) socket?.send(text);
        for (const [id, subscriber] of subscribers) sendRequest(id, subscriber);
        return;
      }
      case 'beat':
        return;
      case 'result': {
        settle(frame.machine, frame.id)?.resolve(frame);
        return;
      }
      case 'error': {
        const error = ClientError.of(frame.error);
        if (frame.id === undefined || frame.machine === undefined) failAll(error);
        else settle(frame.machine, frame.id)?.reject(error);
        return;
      }
      default: {
        const subscriber = subscribers.get(frame.subscription);
        if (frame.type === 'end') subscribers.delete(frame.subscription);
        subscriber?.frame(frame, (data as string).length);
      }
    }
  }

  function settle(machine: string, id: string): Pending | undefined {
    const key = keyOf(machine, id);
    const waiting = pending.get(key);
    pending.delete(key);
    return waiting;
  }

  const knows = (feature: Feature): boolean => features.has(feature);

  function watch({ limits }: HelloFrame): void {
    if (!knows('beat') || limits.silenceMs === undefined) return;
    pulse = openPulse(
      limits.silenceMs,
      () => socket?.send('{"type":"beat"}'),
      () => abandon('nothing was heard'),
    );
  }

  function sendRequest(subscription: number, { request }: Subscriber): void {
    const frame = request(subscription);
    socket?.send(JSON.stringify(knows('commit-ids') ? frame : { ...frame, from: withoutId(frame.from) }));
  }

  return {
    state,

    command(machine, id, text) {
      const key = keyOf(machine, id);
      if (pending.has(key)) {
        return Promise.reject(new ClientError('bad-command', `command ${id} to ${machine} is not answered yet`));
      }
      return new Promise((resolve, reject) => {
        need();
        pending.set(key, { text, resolve, reject });
        if (state.value === 'open') socket?.send(text);
      });
    },

    subscribe(subscriber) {
      need();
      const id = ++subscriptions;
      subscribers.set(id, subscriber);
      if (state.value === 'open') sendRequest(id, subscriber);
      const sayNow = (frame: ClientFrame): boolean => {
        if (state.value !== 'open') return false;
        socket?.send(JSON.stringify(frame));
        return true;
      };
      return {
        control: (what) => subscribers.has(id) && sayNow({ type: 'control', subscription: id, ...what }),
        end() {
          if (subscribers.delete(id)) sayNow({ type: 'unsubscribe', subscription: id });
        },
      };
    },

    close() {
      if (state.value === 'closed') return;
      state.next('closed');
      state.complete();
      drop();
      failAll(new ClientError('closed', 'this client was closed'));
    },
  };
}

const keyOf = (machine: string, id: string): string => `${machine} ${id}`;
