/** Moves the picture through time: follows the newest commit, goes to a position, plays from there. The newest wish counts. */
import type { Position } from '../../../protocol/commit.ts';
import { viewFromJson } from '../../../protocol/view/json.ts';
import { ClientError } from '../../sdk/errors.ts';
import type { MachineHandle } from '../../sdk/types.ts';
import type { Picture } from './picture.ts';

/** So many commits ahead are folded; farther, the view is asked for. */
const NEAR = 64;
/** Milliseconds between attempts while the daemon has no answer. */
const RETRY_MS = 500;

export interface Player {
  live(): void;
  /** Any form of a position that protocol/position.ts knows. */
  goTo(at: number | string): void;
  step(commits: number): void;
  play(pace: string): void;
  pause(): void;
  /** The connection was lost, or is there (again). */
  connected(is: boolean): void;
  close(): void;
}

export interface PlayerSink {
  changed(): void;
  /** Whether an answer is waited for that the daemon could not give: it is asked again and again. */
  waiting(is: boolean): void;
  /** The wish can't be done; the picture stays. Null: it can by now. */
  failed(error: ClientError | null): void;
}

export function openPlayer(machine: MachineHandle, picture: Picture, sink: PlayerSink): Player {
  /** Of the newest wish: work for an older one is thrown away. */
  let turn = 0;
  let stop = (): void => {};
  /** Where a drag wants to be while an earlier answer is on its way. */
  let target: number | string | undefined;
  let going = false;
  /** The turn in which they are gone to: wishes of one turn are one drag. */
  let drag = 0;
  /** Where what is under way ends: steps add up, however quickly they come. */
  let aim: number | undefined;
  /** Whether the newest commit is followed. */
  let following = false;

  function begin(): number {
    stop();
    sink.waiting(false);
    following = false;
    stop = () => {};
    target = undefined;
    aim = undefined;
    return ++turn;
  }

  async function patiently<T>(mine: number, ask: () => Promise<T>, ahead = (): void => {}): Promise<T | undefined> {
    while (mine === turn) {
      try {
        const answer = await ask();
        if (mine === turn) sink.waiting(false);
        return answer;
      } catch (error) {
        if (!(error instanceof ClientError)) throw error;
        if (mine !== turn) return undefined;
        sink.waiting(error.temporary);
        if (!error.temporary) {
          sink.failed(error);
          if (error.code === 'position-ahead') ahead();
          return undefined;
        }
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
    return undefined;
  }

  async function show(mine: number, at?: number | string): Promise<Position | undefined> {
    const ask = () => machine.view({ ...(at !== undefined && { at }), brief: true });
    const answer = await patiently(mine, ask, () => at !== undefined && showUntil(at));
    if (answer === undefined || mine !== turn) return undefined;
    picture.show(answer.position, viewFromJson(answer.view));
    return answer.position;
  }

  /** A link may be ahead of a log that grows: its newest commit is shown, until the one of the link is there. */
  function showUntil(at: number | string): void {
    const commit = Number(/\d+$/.exec(String(at))?.[0] ?? Number.NaN);
    if (picture.position.epoch !== '' || Number.isNaN(commit)) return;
    const mine = begin();
    void follow(mine, (met) => {
      if (met < commit) return;
      sink.failed(null);
      player.goTo(at);
    });
  }

  /** Nothing more comes of what was asked for. */
  function fail(error: ClientError): void {
    following = false;
    picture.mode('ended');
    sink.failed(error);
    sink.changed();
  }

  /** How far it is to the newest commit. Nothing depends on the answer but what people read. */
  async function measure(): Promise<void> {
    const { epoch } = picture.position;
    const summary = await machine.summary().catch((error: unknown) => {
      if (!(error instanceof ClientError)) throw error;
      return undefined;
    });
    if (summary === undefined || summary.position.epoch !== epoch || picture.position.epoch !== epoch) return;
    picture.head(summary.position.commit);
    sink.changed();
  }

  /** `met` hears of each commit that is shown. */
  async function follow(mine: number, met: (commit: number) => void = () => {}): Promise<void> {
    const from = await show(mine);
    if (from === undefined) return;
    following = true;
    const subscription = machine.commits({ from }).observable.subscribe({
      next(item) {
        if (item.kind === 'commit') picture.fold(item.commit);
        else picture.mode('live');
        sink.changed();
        if (item.kind === 'commit') met(item.commit.number);
      },
      error(error: ClientError) {
        // The machine was made anew: what is live is the new one.
        if (mine === turn && error.code === 'epoch-changed') player.live();
        else if (mine === turn) fail(error);
      },
    });
    stop = () => subscription.unsubscribe();
  }

  function playOn(mine: number, pace: string, to: number | undefined, ended: () => void): void {
    const from = picture.position;
    const replay = machine.replay({ from, pace, ...(to !== undefined && { to }) });
    const subscription = replay.observable.subscribe({
      next(item) {
        if (item.kind === 'commit') picture.fold(item.commit);
        if (item.kind === 'state' && item.state === 'ended') {
          subscription.unsubscribe();
          ended();
        }
        sink.changed();
      },
      error: (error: ClientError) => mine === turn && fail(error),
    });
    stop = () => subscription.unsubscribe();
  }

  /** Shows what was asked for also where the drag has gone on meanwhile: who drags without a pause would see nothing else. */
  async function reach(): Promise<void> {
    if (going) return;
    going = true;
    while (target !== undefined) {
      const mine = turn;
      const at = target;
      target = undefined;
      await show(mine, at);
      if (mine === turn) picture.mode('paused');
      if (mine === turn && target === undefined) aim = undefined;
      sink.changed();
    }
    going = false;
    void measure();
  }

  function forward(to: number): void {
    const mine = begin();
    picture.mode('paused');
    sink.changed();
    if (to === picture.position.commit) return;
    aim = to;
    playOn(mine, 'instant', to, () => {
      aim = undefined;
    });
  }

  const player: Player = {
    live() {
      const mine = begin();
      picture.mode('loading');
      sink.changed();
      void follow(mine);
    },
    goTo(at) {
      const ahead = typeof at === 'number' ? at - picture.position.commit : -1;
      if (typeof at === 'number' && !going && picture.position.epoch !== '' && ahead >= 0 && ahead <= NEAR) {
        forward(at);
        return;
      }
      if (!going || drag !== turn) drag = begin();
      aim = typeof at === 'number' ? at : undefined;
      target = at;
      void reach();
    },
    step(commits) {
      const { commit } = picture.position;
      const to = Math.max(0, (aim ?? commit) + commits);
      if (going || to < commit || to - commit > NEAR) player.goTo(to);
      else forward(to);
    },
    play(pace) {
      const mine = begin();
      picture.mode('playing', pace);
      sink.changed();
      playOn(mine, pace, undefined, () => picture.mode('ended'));
    },
    pause() {
      begin();
      picture.mode('paused');
      sink.changed();
    },
    connected(is) {
      if (!following) return;
      // Until all that happened meanwhile is there, the picture is not the newest one.
      if (is) void measure();
      else picture.mode('loading');
      sink.changed();
    },
    close() {
      begin();
    },
  };
  return player;
}
