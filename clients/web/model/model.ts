/** The page's side of a machine's worker: the newest scene as a signal, wishes for another position, questions. */
import { type ReadonlySignal, signal } from '@preact/signals';
import type { ConnectionState } from '../../sdk/types.ts';
import type { FeedWindow, FeedWish } from './feed/form.ts';
import type { FromWorker, Problem, ToWorker } from './messages.ts';
import type { QueryAnswer, QueryArgument, QueryName } from './queries/index.ts';
import { applyUpdate, type Scene } from './scene.ts';

export interface Model {
  readonly machine: string;
  /** Null before the first picture. */
  readonly scene: ReadonlySignal<Scene | null>;
  readonly connection: ReadonlySignal<ConnectionState>;
  /** Why the last wish can't be done. */
  readonly problem: ReadonlySignal<Problem | null>;
  /** Patches: what the last wish asked for, as it is now. Null before the first. */
  readonly feed: ReadonlySignal<FeedWindow | null>;
  wishFeed(wish: FeedWish): void;
  live(): void;
  /** Any form of a position: a commit, `-100`, `EPOCH:812`, `@bookmark`. */
  goTo(at: number | string): void;
  /** Backwards where negative. */
  step(commits: number): void;
  /** `instant`, `original`, `xN`. */
  play(pace: string): void;
  pause(): void;
  /** Answered of the picture as it is when the question arrives. */
  ask<Q extends QueryName>(query: Q, argument: QueryArgument<Q>): Promise<QueryAnswer<Q>>;
  close(): void;
}

export function openModel(url: string, machine: string, token: string | undefined): Model {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: machine });
  const scene = signal<Scene | null>(null);
  const connection = signal<ConnectionState>('idle');
  const problem = signal<Problem | null>(null);
  const feed = signal<FeedWindow | null>(null);
  const asked = new Map<number, (answer: unknown) => void>();
  let questions = 0;
  const say = (message: ToWorker): void => worker.postMessage(message);

  worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
    switch (data.type) {
      case 'scene':
        scene.value = applyUpdate(scene.value, data.update);
        // As fast as the screen shows them, and not at all while nobody looks.
        requestAnimationFrame(() => say({ type: 'drawn' }));
        return;
      case 'connection':
        connection.value = data.state;
        return;
      case 'problem':
        problem.value = data.problem;
        return;
      case 'feed':
        feed.value = data.window;
        return;
      case 'answer':
        asked.get(data.id)?.(data.answer);
        asked.delete(data.id);
    }
  };
  worker.onerror = (event) => {
    problem.value = { code: 'page-failed', message: `${event.message}: reload the page` };
  };
  say({ type: 'open', url, machine, token });

  return {
    machine,
    scene,
    connection,
    problem,
    feed,
    wishFeed: (wish) => say({ type: 'feed', wish }),
    live: () => say({ type: 'live' }),
    goTo: (at) => say({ type: 'go-to', at }),
    step: (commits) => say({ type: 'step', commits }),
    play: (pace) => say({ type: 'play', pace }),
    pause: () => say({ type: 'pause' }),
    ask<Q extends QueryName>(query: Q, argument: QueryArgument<Q>): Promise<QueryAnswer<Q>> {
      const id = ++questions;
      say({ type: 'ask', id, query, argument });
      return new Promise((resolve) => asked.set(id, resolve as (answer: unknown) => void));
    },
    close: () => worker.terminate(),
  };
}
