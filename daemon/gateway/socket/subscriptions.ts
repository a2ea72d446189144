/** The subscriptions of one connection: those that follow a log, and those that replay one. */
import type { Position } from '../../../protocol/commit.ts';
import { type WireError, wireError } from '../../../protocol/errors.ts';
import type { ClientFrame, ServerFrame } from '../../../protocol/frames.ts';
import { SUBSCRIPTIONS } from '../../limits.ts';
import { isMistake, type Outcome, thrown } from '../../pipelines/outcome.ts';
import { inTurn as both, type Control, openReplay, type Replay } from '../../pipelines/replay.ts';
import type { Runtime } from '../../pipelines/runtime.ts';
import { runSubscription } from '../../pipelines/subscription.ts';
import { openDelivery } from './delivery.ts';
import type { Outbox } from './outbox.ts';
import { headOf, type Start, startOf, viewAt } from './start.ts';
import type { InTurn } from './turns.ts';

type FrameOf<T extends ClientFrame['type']> = Extract<ClientFrame, { type: T }>;

export interface Subscriptions {
  has(subscription: number): boolean;
  /** These three give an error for a frame that can't be meant. */
  subscribe(frame: FrameOf<'subscribe'>): WireError | undefined;
  replay(frame: FrameOf<'replay'>): WireError | undefined;
  control(frame: FrameOf<'control'>): WireError | undefined;
  unsubscribe(frame: FrameOf<'unsubscribe'>): void;
  /** Ends all of them without a word. */
  close(): void;
}

interface Open {
  readonly stop: AbortController;
  readonly kind: 'subscribe' | 'replay';
  /** Once it runs. */
  replay: Replay | undefined;
  /** What it was told before. */
  early: Control;
}

/** `subscribed` counts those of all connections, and says whether there is room for one more. */
export function openSubscriptions(
  runtime: Runtime,
  outbox: Outbox,
  inTurn: InTurn,
  share: () => number,
  subscribed: (change: 1 | -1) => boolean,
): Subscriptions {
  const open = new Map<number, Open>();
  /** Those that are open, and those that were let go of and have not come to their end yet. */
  let running = 0;
  const send = (frame: ServerFrame): void => outbox.send(JSON.stringify(frame));
  const end = (subscription: number, error?: WireError): void =>
    send(error === undefined ? { type: 'end', subscription } : { type: 'end', subscription, error });

  /** Begins `work` as subscription `id`. */
  function begin(kind: Open['kind'], id: number, work: Work): WireError | undefined {
    if (open.has(id)) return wireError('bad-frame', `subscription ${id} is open already`);
    if (running < SUBSCRIPTIONS)
      void run({ stop: new AbortController(), kind, replay: undefined, early: {} }, id, work);
    else end(id, wireError('too-busy', `a connection has at most ${SUBSCRIPTIONS} subscriptions`));
    return undefined;
  }

  async function run(mine: Open, id: number, work: Work): Promise<void> {
    open.set(id, mine);
    running++;
    try {
      const error = subscribed(1)
        ? await work(mine)
        : wireError('too-busy', 'the daemon has as many subscriptions as it can hold');
      if (error !== undefined && !mine.stop.signal.aborted) end(id, error);
    } catch (error) {
      if (isMistake(error)) runtime.world.mistake(error);
      if (!mine.stop.signal.aborted) end(id, thrown(error).error);
    } finally {
      running--;
      subscribed(-1);
      if (open.get(id) === mine) open.delete(id);
    }
  }

  const sendView = (subscription: number, position: Position, view: Uint8Array): void =>
    outbox.sendParts(headOf(subscription, position), view);

  /** Says where `frame` begins, with the view there where it is wanted; undefined when nobody waits for it any more. */
  function announce(
    { subscription, machine, from, view }: FrameOf<'subscribe' | 'replay'>,
    signal: AbortSignal,
  ): Promise<Outcome<Start> | undefined> {
    const say = async (): Promise<Outcome<Start> | undefined> => {
      const start = await startOf(runtime, machine, from, view === true);
      if (signal.aborted) return undefined;
      if (!start.ok) return start;
      const { at, view: there } = start.value;
      send({ type: 'subscribed', subscription, position: at });
      if (there !== undefined) sendView(subscription, at, there);
      return start;
    };
    return view ? inTurn(signal, say) : say();
  }

  const follow = (frame: FrameOf<'subscribe'>) => async (mine: Open) => {
    const { subscription, machine, filter } = frame;
    const { signal } = mine.stop;
    const start = await announce(frame, signal);
    if (start === undefined) return undefined;
    if (!start.ok) return start.error;
    const { at, id } = start.value;
    const delivery = openDelivery(outbox, subscription, machine, filter, at.commit);
    const reader = {
      commits: delivery.commits,
      live(position: Position) {
        delivery.told(position.commit);
        send({ type: 'live', subscription, position });
      },
      share,
      full: outbox.full,
      room: outbox.room,
    };
    return runSubscription(runtime.world.hubs, machine, { ...at, id }, reader, signal);
  };

  const play = (frame: FrameOf<'replay'>) => async (mine: Open) => {
    const { subscription, machine, filter, view = false, paused = false } = frame;
    const { signal } = mine.stop;
    const newest = await runtime.locate(machine, 'now');
    if (signal.aborted) return undefined;
    if (!newest.ok) return newest.error;
    const start = await announce(frame, signal);
    if (start === undefined) return undefined;
    if (!start.ok) return start.error;
    const { at, id } = start.value;
    const delivery = openDelivery(outbox, subscription, machine, filter, at.commit);
    const to = Math.max(at.commit, Math.min(frame.to ?? newest.value.commit, newest.value.commit));
    const replay = openReplay(
      runtime.world.hubs,
      { machine, at, id, to, pace: frame.pace, paused },
      {
        commits: delivery.commits,
        state(state, position, pace) {
          delivery.told(position.commit);
          send({ type: 'state', subscription, position, state, pace });
        },
        async moved(position) {
          delivery.told(position.commit);
          if (!view) return;
          await inTurn(signal, async () => {
            const there = await viewAt(runtime, machine, position);
            if (there.ok && !signal.aborted) sendView(subscription, position, there.value);
          });
        },
        share,
        full: outbox.full,
        room: outbox.room,
      },
      signal,
    );
    mine.replay = replay;
    replay.control(mine.early);
    return replay.run();
  };

  return {
    has: (subscription) => open.has(subscription),
    subscribe: (frame) => begin('subscribe', frame.subscription, follow(frame)),
    replay: (frame) => begin('replay', frame.subscription, play(frame)),

    control({ subscription, ...what }) {
      const mine = open.get(subscription);
      if (mine === undefined) return undefined;
      if (mine.kind !== 'replay') return wireError('bad-frame', `subscription ${subscription} is no replay`);
      if (mine.replay === undefined) mine.early = both(mine.early, what);
      else mine.replay.control(what);
      return undefined;
    },

    unsubscribe({ subscription }) {
      const mine = open.get(subscription);
      if (mine === undefined) return;
      open.delete(subscription);
      mine.stop.abort();
      end(subscription);
    },

    close() {
      for (const { stop } of open.values()) stop.abort();
      open.clear();
    },
  };
}

/** Resolves to why it ended. */
type Work = (mine: Open) => Promise<WireError | undefined>;
