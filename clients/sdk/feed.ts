/**
 * A feed: every commit after a position, in order, once. The Observable pushes as commits come; the iterator holds a
 * bounded queue, lets go of its subscription when the reader is slow, and takes it up again where the queue ends.
 */
import { Observable } from 'rxjs';
import type { Commit, Position } from '../../protocol/commit.ts';
import type { From } from '../../protocol/frames.ts';
import { upcast } from '../../protocol/upcast.ts';
import type { Connection, SubscriptionFrame } from './connection.ts';
import { ClientError } from './errors.ts';
import type { Feed, FeedItem } from './types.ts';

/** The iterator's queue: beyond either it stops to take more, and goes on when the queue is empty. */
const QUEUE_ITEMS = 1024;
const QUEUE_CHARS = 8 << 20;

export function openFeed(connection: Connection, machine: string, from: From): Feed {
  return {
    observable: new Observable((observer) =>
      take(connection, machine, from, {
        item: (item) => observer.next(item),
        fail: (error) => observer.error(error),
      }),
    ),
    [Symbol.asyncIterator]: () => iterate(connection, machine, from),
  };
}

interface Sink {
  item(item: FeedItem, chars: number): void;
  fail(error: ClientError): void;
}

/** Subscribes and checks that the commits have no gap. Returns the function that ends it. */
function take(connection: Connection, machine: string, from: From, sink: Sink): () => void {
  let position: Position | undefined = typeof from === 'string' ? undefined : from;
  let over = false;
  const stop = connection.subscribe({
    machine,
    from: () => position ?? from,
    frame: (frame, chars) => !over && receive(frame, chars),
    fail,
  });

  function receive(frame: SubscriptionFrame, chars: number): void {
    if (frame.type === 'end') {
      fail(frame.error ? ClientError.of(frame.error) : new ClientError('closed', 'the feed was ended'));
    } else if (frame.type === 'commits') {
      for (const raw of frame.commits) {
        if (!over) receiveCommit(frame.epoch, raw, chars / frame.commits.length);
      }
    } else if (frame.type === 'subscribed' && position === undefined) {
      position = frame.position;
    } else if (position === undefined || !same(position, frame.position)) {
      fail(gap(machine, position, frame.position));
    } else if (frame.type === 'live') {
      sink.item({ kind: 'live', position }, 0);
    }
  }

  function receiveCommit(epoch: string, raw: Commit, chars: number): void {
    const next = { epoch, commit: raw.number };
    const cast = upcast(raw);
    if (position?.epoch !== epoch || position.commit + 1 !== raw.number) {
      fail(gap(machine, position, next));
    } else if (!cast.ok) {
      fail(new ClientError('bad-answer', `commit ${raw.number}: ${cast.message}`));
    } else {
      position = next;
      sink.item({ kind: 'commit', position, commit: cast.commit }, chars);
    }
  }

  function fail(error: ClientError): void {
    if (over) return;
    over = true;
    stop();
    sink.fail(error);
  }

  return () => {
    over = true;
    stop();
  };
}

const same = (a: Position, b: Position): boolean => a.epoch === b.epoch && a.commit === b.commit;

function gap(machine: string, at: Position | undefined, met: Position): ClientError {
  const where = at === undefined ? 'before its position was known' : `after ${at.epoch}:${at.commit}`;
  return new ClientError('gap', `the feed of ${machine}, ${where}, met ${met.epoch}:${met.commit}`);
}

async function* iterate(connection: Connection, machine: string, from: From): AsyncGenerator<FeedItem, void> {
  const queue: { readonly item: FeedItem; readonly chars: number }[] = [];
  let head = 0;
  let chars = 0;
  let next = from;
  let failure: ClientError | undefined;
  let wake = (): void => {};
  let stop: (() => void) | undefined;

  const sink: Sink = {
    item(item, size) {
      queue.push({ item, chars: size });
      chars += size;
      next = item.position;
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
      stop ??= take(connection, machine, next, sink);
      if (queue.length === 0 && failure === undefined) await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    pause();
  }
}
