/** What the page and its worker say to each other. */
import type { ConnectionState } from '../../sdk/types.ts';
import type { FeedWindow, FeedWish } from './feed/form.ts';
import type { QueryArgument, QueryName } from './queries/index.ts';
import type { SceneUpdate } from './scene.ts';

export type ToWorker =
  | { readonly type: 'open'; readonly url: string; readonly machine: string; readonly token: string | undefined }
  | { readonly type: 'live' }
  | { readonly type: 'go-to'; readonly at: number | string }
  | { readonly type: 'step'; readonly commits: number }
  | { readonly type: 'play'; readonly pace: string }
  | { readonly type: 'pause' }
  /** The last scene is on the screen: the next one may come. */
  | { readonly type: 'drawn' }
  | { readonly type: 'feed'; readonly wish: FeedWish }
  | {
      readonly type: 'ask';
      readonly id: number;
      readonly query: QueryName;
      readonly argument: QueryArgument<QueryName>;
    };

export interface Problem {
  readonly code: string;
  readonly message: string;
}

export type FromWorker =
  | { readonly type: 'scene'; readonly update: SceneUpdate }
  | { readonly type: 'connection'; readonly state: ConnectionState }
  | { readonly type: 'problem'; readonly problem: Problem | null }
  | { readonly type: 'feed'; readonly window: FeedWindow }
  | { readonly type: 'answer'; readonly id: number; readonly answer: unknown };
