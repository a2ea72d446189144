/** The worker of one machine: it holds the connection and the picture, so that the page has nothing to do but to draw. */
import { connect } from '../../sdk/index.ts';
import type { ConnectionState } from '../../sdk/types.ts';
import { type Feed, openFeed } from './feed/feed.ts';
import type { FromWorker, ToWorker } from './messages.ts';
import { openPicture, type Picture } from './picture.ts';
import { openPlayer, type Player } from './player.ts';
import { QUERIES } from './queries/index.ts';

/** Milliseconds: a page waits for its daemon as long as it is open. The longest that a timer knows. */
const PATIENCE = 2 ** 31 - 1;

const scope = self as unknown as {
  postMessage(message: FromWorker, transfer?: Transferable[]): void;
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
};

let opened: { readonly picture: Picture; readonly player: Player; readonly feed: Feed } | undefined;
/** Milliseconds: what goes on is not seen to go on smoother when it is shown more often. */
const SCENE_EVERY = 40;
/** Milliseconds: so long the page is left alone at most after a scene that was slow to draw. */
const LONGEST_REST = 100;
/** When the last scene went out, and when it was on the screen. */
let posted = Number.NEGATIVE_INFINITY;
let drawn = posted;
/** Whether the page draws a scene now; then the next one waits, and takes all that happens meanwhile. */
let drawing = false;
let planned: { readonly at: number; readonly timer: ReturnType<typeof setTimeout> } | undefined;

/** At once where somebody waits for another position; what merely goes on leaves the page as much time as it takes. */
function due(picture: Picture): number {
  if (picture.jumped()) return 0;
  return Math.max(posted + SCENE_EVERY, drawn + Math.min(drawn - posted, LONGEST_REST));
}

/** Everything that happens until it is due makes one scene. */
function changed(): void {
  if (opened === undefined || drawing) return;
  const at = due(opened.picture);
  if (planned !== undefined && planned.at <= at) return;
  clearTimeout(planned?.timer);
  planned = { at, timer: setTimeout(post, at - performance.now()) };
}

function post(): void {
  planned = undefined;
  if (opened === undefined || drawing || !opened.picture.dirty()) return;
  const { update, transfer } = opened.picture.take();
  drawing = true;
  posted = performance.now();
  scope.postMessage({ type: 'scene', update }, transfer);
}

/** Milliseconds: nobody reads rows that change more often. */
const FEED_EVERY = 200;
let feedPosted = 0;
let feedPlanned = false;
/** It is due as soon as the page has drawn a scene. */
let feedWaits = false;

function feedChanged(): void {
  if (feedPlanned) return;
  feedPlanned = true;
  setTimeout(postFeed, Math.max(0, feedPosted + FEED_EVERY - performance.now()));
}

/** Not in the frame of a scene: both are much to draw. */
function postFeed(): void {
  feedPlanned = drawing;
  feedWaits = drawing;
  if (drawing) return;
  const window = opened?.feed.take() ?? null;
  if (window === null) return;
  feedPosted = performance.now();
  scope.postMessage({ type: 'feed', window });
}

function open({ url, machine, token }: Extract<ToWorker, { type: 'open' }>): void {
  const client = connect(url, { patience: PATIENCE, ...(token !== undefined && { token }) });
  let connection: ConnectionState = 'idle';
  let waiting = false;
  const tell = (): void => scope.postMessage({ type: 'connection', state: waiting ? 'connecting' : connection });
  const handle = client.machine(machine);
  const feed = openFeed(handle, feedChanged);
  const picture = openPicture(machine, feed);
  const player = openPlayer(handle, picture, {
    changed,
    waiting(is) {
      if (is === waiting) return;
      waiting = is;
      tell();
    },
    failed(error) {
      const problem = error && { code: error.code, message: error.message };
      scope.postMessage({ type: 'problem', problem });
    },
  });
  client.state.subscribe((state) => {
    connection = state;
    tell();
    if (state === 'connecting' || state === 'open') player.connected(state === 'open');
  });
  opened = { picture, player, feed };
}

// What fails while nobody waits for it is a mistake, too: the page says that it failed.
self.addEventListener('unhandledrejection', ({ reason }) => reportError(reason));

scope.onmessage = ({ data: message }) => {
  if (message.type === 'open') {
    open(message);
    return;
  }
  if (opened === undefined) return;
  const { player, picture, feed } = opened;
  switch (message.type) {
    case 'drawn':
      drawing = false;
      drawn = performance.now();
      if (feedWaits) postFeed();
      if (picture.dirty()) changed();
      return;
    case 'ask': {
      const query: (view: typeof picture.view, argument: never) => unknown = QUERIES[message.query];
      const answer = query(picture.view, message.argument as never);
      scope.postMessage({ type: 'answer', id: message.id, answer });
      return;
    }
    case 'feed':
      feed.wish(message.wish);
      // Somebody scrolls: no waiting.
      postFeed();
      return;
    case 'step':
    case 'play':
    case 'pause':
      // There is nothing to go on from: why not stays said.
      if (picture.position.epoch === '') return;
      break;
  }
  scope.postMessage({ type: 'problem', problem: null });
  switch (message.type) {
    case 'live':
      return player.live();
    case 'go-to':
      return player.goTo(message.at);
    case 'step':
      return player.step(message.commits);
    case 'play':
      return player.play(message.pace);
    case 'pause':
      return player.pause();
  }
};
