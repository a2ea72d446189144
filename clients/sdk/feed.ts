/**
 * A feed: every commit after a position, in order, once. The Observable pushes as commits come; the iterator holds a
 * bounded queue, lets go of its subscription when the reader is slow, and takes it up again where the queue ends.
 */
import { Observable } from 'rxjs';
import type { Filter } from '../../protocol/filter.ts';
import type { From } from '../../protocol/frames.ts';
import type { Connection, Subscriber, SubscriptionFrame } from './connection.ts';
import { ClientError } from './errors.ts';
import { openTrack, resumeAt } from './track.ts';
import type { Feed, FeedItem, ViewItem } from './types.ts';

/** The iterator's queue: beyond either it stops to take more, and goes on when the queue is empty. */
const QUEUE_ITEMS = 1024;
const QUEUE_CHARS = 8 << 20;

/** Milliseconds, about: until a subscription that was refused for the time being is tried again. */
const RETRY_MS = 500;

interface Wish {
  readonly machine: string;
  readonly from: From;
  readonly filter: Filter | undefined;
  /** Whether the view at `from` comes first. */
  readonly view: boolean;
}

export const openCommits = (
  connection: Connection,
  machine: string,
  from: From,
  filter: Filter | undefined,
): Feed<FeedItem> => open(connection, { machine, from, filter, view: false }) as Feed<FeedItem>;

export const openFollow = (
  connection: Connection,
  machine: string,
  from: From,
  filter: Filter | undefined,
): Feed<FeedItem | ViewItem> => open(connection, { machine, from, filter, view: true });

function open(connection: Connection, wish: Wish): Feed<FeedItem | ViewItem> {
  return {
    observable: new Observable((observer) =>
      take(connection, wish, {
        item: (item) => observer.next(item),
        fail: (error) => observer.error(error),
      }),
    ),
    [Symbol.asyncIterator]: () => iterate(connection, wish),
  };
}

interface Sink {
  item(item: FeedItem | ViewItem, chars: number): void;
  fail(error: ClientError): void;
}

/** Subscribes and checks that the commits have no gap. Returns the function that ends it. */
function take(connection: Connection, { machine, from, filter, view }: Wish, sink: Sink): () => void {
  const track = openTrack(machine, from);
  let wantsView = view;
  let over = false;
  let retry: ReturnType<typeof setTimeout> | undefined;
  const subscriber: Subscriber = {
    request: (id) => ({
      type: 'subscribe',
      subscription: id,
      machine,
      from: track.at(),
      ...(filter && { filter }),
      ...(wantsView && { view: true }),
    }),
    frame(frame, chars) {
      if (over) return;
      try {
        receive(frame, chars);
      } catch (error) {
        if (!(error instanceof ClientError)) throw error;
        fail(error);
      }
    },
    fail,
  };
  let subscription = connection.subscribe(subscriber);

  function receive(frame: SubscriptionFrame, chars: number): void {
    switch (frame.type) {
      case 'subscribed':
        track.meet(frame.position);
        break;
      case 'view':
        wantsView = false;
        sink.item({ kind: 'view', position: frame.position, view: frame.view }, chars);
        break;
      case 'commits':
        for (const item of track.take(frame)) if (!over) sink.item(item, chars / frame.commits.length);
        break;
      case 'live':
        if (filter === undefined) track.meet(frame.position);
        else track.move(frame.position);
        sink.item({ kind: 'live', position: frame.position }, 0);
        break;
      case 'end':
        if (frame.error?.temporary) again();
        else fail(frame.error ? ClientError.of(frame.error) : new ClientError('closed', 'the feed was ended'));
    }
  }

  /** The daemon can't go on for now: its log is away, or it is full. */
  function again(): void {
    retry = setTimeout(
      () => {
        try {
          subscription = connection.subscribe(subscriber);
        } catch (error) {
          // The client was closed in the meantime.
          if (!(error instanceof ClientError)) throw error;
          fail(error);
        }
      },
      RETRY_MS * (0.5 + Math.random()),
    );
  }

  function end(): void {
    over = true;
    clearTimeout(retry);
    subscription.end();
  }

  function fail(error: ClientError): void {
    if (over) return;
    end();
    sink.fail(error);
  }

  return end;
}

/** Where a feed goes on after `item`, which came after `before`. */
function fromHere(item: FeedItem | ViewItem, before: From): From {
  const { position } = item;
  if (item.kind === 'commit') return resumeAt(position, item.commit.id);
  const isSame = typeof before !== 'string' && before.epoch === position.epoch && before.commit === position.commit;
  return isSame ? before : position;
}

async function* iterate(connection: Connection, wish: Wish): AsyncGenerator<FeedItem | ViewItem, void> {
  const queue: { readonly item: FeedItem | ViewItem; readonly chars: number }[] = [];
  let head = 0;
  let chars = 0;
  let next = wish;
  let failure: ClientError | undefined;
  let wake = (): void => {};
  let stop: (() => void) | undefined;

  const sink: Sink = {
    item(item, size) {
      queue.push({ item, chars: size });
      chars += size;
      next = { ...wish, from: fromHere(item, next.from), view: false };
      if (queue.length - head >= QUEUE_ITEMS || chars >= QUEUE_CHARS) pause();
      wake();
    },
    fail(error) {
      failure = error;
      wake();
    },
  };
  function pause(): void {
    stop?.();
    stop = undefined;
  }

  try {
    while (true) {
      const entry = queue[head];
      if (entry !== undefined) {
        head++;
        chars -= entry.chars;
        yield entry.item;
        continue;
      }
      queue.length = 0;
      head = 0;
      if (failure !== undefined) throw failure;
      stop ??= take(connection, next, sink);
      if (queue.length === 0 && failure === undefined) await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    pause();
  }
}
