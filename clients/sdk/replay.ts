/** A replay at the client: after a break it goes on where it was, at the pace and in the state that it had. */
import { Observable } from 'rxjs';
import type { Connection, Control, Subscription, SubscriptionFrame } from './connection.ts';
import { ClientError } from './errors.ts';
import { openTrack } from './track.ts';
import type { Replay, ReplayItem, ReplayOptions } from './types.ts';

export function openReplay(
  connection: Connection,
  machine: string,
  { from = 'start', to, pace: first = 'original', paused = undefined, filter, view }: ReplayOptions = {},
): Replay {
  let pace = first;
  let playing = paused === undefined;
  /** Where a break would have to go on, when it was told to seek and has not said yet that it did. */
  let sought: number | undefined;
  /** Whether nobody heard of it, as there was no connection. */
  let unheard = false;
  /** Steps that nobody heard of. */
  let steps: number | undefined;
  /** The last commit, as soon as it is known: after a break the log may have gone on. */
  let end = to;
  let told: (what: Control) => boolean = () => false;
  const track = openTrack(machine, from);

  const observable = new Observable<ReplayItem>((observer) => {
    const subscription: Subscription = connection.subscribe({
      request(id) {
        const at = track.at();
        return {
          type: 'replay',
          subscription: id,
          machine,
          from: sought === undefined || typeof at === 'string' ? at : { epoch: at.epoch, commit: sought },
          pace,
          ...(end !== undefined && { to: end }),
          ...(!playing && { paused: true }),
          ...(filter && { filter }),
          ...(view && { view: true }),
        };
      },
      frame(frame) {
        try {
          receive(frame);
        } catch (error) {
          subscription.end();
          observer.error(error);
        }
      },
      fail: (error) => observer.error(error),
    });
    told = subscription.control;

    function receive(frame: SubscriptionFrame): void {
      switch (frame.type) {
        case 'subscribed':
          track.move(frame.position);
          if (unheard && sought !== undefined && sought !== frame.position.commit) told({ seek: sought });
          if (steps !== undefined) told({ step: steps });
          unheard = false;
          steps = undefined;
          return;
        case 'view':
          track.move(frame.position);
          observer.next({ kind: 'view', position: frame.position, view: frame.view });
          return;
        case 'commits':
          for (const item of track.take(frame)) observer.next(item);
          return;
        case 'state':
          // Said after each seek as well, before any commit that follows it.
          track.move(frame.position);
          sought = undefined;
          if (frame.state === 'ended') end = frame.position.commit;
          observer.next({ kind: 'state', position: frame.position, state: frame.state, pace: frame.pace });
          return;
        case 'end':
          throw frame.error ? ClientError.of(frame.error) : new ClientError('closed', 'the replay was ended');
        case 'live':
          return;
      }
    }
    return () => subscription.end();
  });

  return {
    observable,
    play() {
      playing = true;
      steps = undefined;
      told({ play: true });
    },
    pause() {
      playing = false;
      steps = undefined;
      told({ play: false });
    },
    seek(commit) {
      sought = commit;
      unheard = !told({ seek: commit });
    },
    step(commits) {
      playing = false;
      steps = told({ step: commits }) ? undefined : commits;
    },
    pace(next) {
      pace = next;
      told({ pace: next });
    },
  };
}
