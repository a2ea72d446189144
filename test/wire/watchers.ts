/** Watchers for the checker: each keeps what it was told, whatever breaks in between, for a comparison with the log. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ClientError } from '../../clients/sdk/node.ts';
import type { FeedItem, MachineHandle, ReplayOptions, ViewItem } from '../../clients/sdk/types.ts';
import type { Commit, Position } from '../../protocol/commit.ts';
import type { Filter } from '../../protocol/filter.ts';
import type { From } from '../../protocol/frames.ts';
import { fold } from '../../protocol/view/fold.ts';
import { viewDigest, viewFromJson } from '../../protocol/view/json.ts';
import type { View } from '../../protocol/view/types.ts';

/** Asks again for as long as the answer is that it can help. */
export async function persist<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof ClientError && error.temporary)) throw error;
      await sleep(AGAIN_MS);
    }
  }
}
const AGAIN_MS = 20;

/** Resolves when `item` is live at or after the end, which is known only when all was written. */
type Ended = (position: Position) => boolean;

/** Reads feeds, each from where the one before it broke off, until one is live at the end. */
async function watch(
  feedFrom: (at: Position | undefined) => AsyncIterable<FeedItem | ViewItem>,
  ended: Ended,
  take: (item: FeedItem | ViewItem) => void,
): Promise<void> {
  let at: Position | undefined;
  await persist(async () => {
    for await (const item of feedFrom(at)) {
      take(item);
      at = item.position;
      if (item.kind === 'live' && ended(item.position)) return;
    }
  });
}

/** Folds from `from` on; the digest of its view at each commit at which it was live. */
export async function foldedLive(machine: MachineHandle, from: From, ended: Ended): Promise<Map<number, string>> {
  let view: View | undefined;
  const points = new Map<number, string>();
  await watch(
    (at) => (at === undefined ? machine.follow({ from }) : machine.commits({ from: at })),
    ended,
    (item) => {
      if (item.kind === 'view') view = viewFromJson(item.view);
      if (view === undefined) throw new Error(`${item.kind} ${item.position.commit} came before the view`);
      if (item.kind === 'commit') fold(view, item.commit);
      else if (view.commit !== item.position.commit) {
        throw new Error(`${item.kind} at ${item.position.commit}, but the view is of ${view.commit}`);
      }
      if (item.kind === 'live') points.set(item.position.commit, viewDigest(view));
    },
  );
  return points;
}

/** What passes `filter`, from the start. */
export async function filteredCommits(machine: MachineHandle, filter: Filter, ended: Ended): Promise<Commit[]> {
  const commits: Commit[] = [];
  await watch(
    (at) => machine.commits({ filter, from: at ?? 'start' }),
    ended,
    (item) => {
      if (item.kind === 'commit') commits.push(item.commit);
    },
  );
  return commits;
}

/** Plays from one commit to another; after a failure that is temporary the rest is another replay. */
export async function replayed(
  machine: MachineHandle,
  from: Position,
  to: number,
  options: Pick<ReplayOptions, 'pace' | 'filter'>,
): Promise<Commit[]> {
  const commits: Commit[] = [];
  let at = from;
  await persist(
    () =>
      new Promise<void>((resolve, reject) => {
        const subscription = machine.replay({ ...options, from: at, to }).observable.subscribe({
          next(item) {
            at = item.position;
            if (item.kind === 'commit') commits.push(item.commit);
            if (item.kind !== 'state' || item.state !== 'ended') return;
            setImmediate(() => subscription.unsubscribe());
            resolve();
          },
          error: reject,
        });
      }),
  );
  return commits;
}
