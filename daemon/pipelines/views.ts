/**
 * What people see of a machine. The newest view is kept folded; an older one is folded from the nearest snapshot or from
 * the log's start. Snapshots are made in the background, can be thrown away, and are skipped when they can't be read.
 */
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { Commit, Position } from '../../protocol/commit.ts';
import { emptyView, fold } from '../../protocol/view/fold.ts';
import { bookmarksJson, VIEW_FORMAT, type ViewJson, viewFromJson, viewJson } from '../../protocol/view/json.ts';
import type { Bookmark, View } from '../../protocol/view/types.ts';
import { SNAPSHOT_EVERY } from '../limits.ts';
import type { EventLog } from '../log/log.ts';
import { decode, readThrough } from './entry.ts';
import { done, noSuchMachine, type Outcome, refusedGone, refusedRead } from './outcome.ts';

/** `text` is the JSON of the view (protocol/view/json.ts). */
export interface ViewText {
  readonly position: Position;
  readonly text: string;
}

export interface Views {
  newest(): Promise<Outcome<ViewText>>;
  at(commit: number): Promise<Outcome<ViewText>>;
  /** The view after a commit, which the caller owns. */
  owned(commit: number): Promise<Outcome<{ readonly position: Position; readonly view: View }>>;
  /** What the newest view calls positions. */
  bookmarks(): Promise<Outcome<{ readonly position: Position; readonly bookmarks: readonly Bookmark[] }>>;
  /** A commit was appended: keeps the newest view the newest. */
  advance(epoch: string, commit: Commit): void;
  /**
   * Tries recorded commits on the newest view, with nobody else at it, then runs `append`. The view is forgotten when
   * `append` does not come to its end; the refusal or the RangeError of a commit that can't be folded comes back.
   */
  attempt<T>(epoch: string, commits: readonly Commit[], append: () => Promise<Outcome<T>>): Promise<Outcome<T>>;
}

interface Kept {
  readonly epoch: string;
  readonly view: View;
  text: ViewText | undefined;
}

export function openViews(log: EventLog, name: string, mistake: (error: unknown) => void): Views {
  let kept: Kept | undefined;
  let turn: Promise<unknown> = Promise.resolve();
  let snapshotting = false;

  /** Runs after everything before it, so that one thing at a time folds the kept view over a wait. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = turn.then(work);
    turn = mine.catch(() => undefined);
    return mine;
  }

  async function catchUp(): Promise<Outcome<Kept>> {
    const machine = await log.head(name);
    if (machine === undefined) return noSuchMachine(name);
    const { epoch, head } = machine;
    if (kept?.epoch !== epoch) kept = { epoch, view: await nearest(log, name, epoch, head), text: undefined };
    const mine = kept;
    const refused = await readThrough(log, { name, epoch }, mine.view.commit, head, (entry) => {
      // The mailbox may have folded it in the meantime.
      if (entry.number > mine.view.commit) step(mine, decode(name, entry));
    });
    return refused ?? done(mine);
  }

  /** A commit that can't be folded leaves half a view behind, which nobody must see. */
  function step(target: Kept, commit: Commit): void {
    try {
      fold(target.view, commit);
    } catch (error) {
      if (kept === target) kept = undefined;
      throw error;
    }
    if (target.view.commit % SNAPSHOT_EVERY === 0) snapshot(target.epoch, target.view);
  }

  function snapshot(epoch: string, view: View): void {
    if (snapshotting) return;
    snapshotting = true;
    const number = view.commit;
    encodeSnapshot(view)
      .then((bytes) => log.putSnapshot(name, epoch, number, bytes))
      .catch(mistake)
      .finally(() => {
        snapshotting = false;
      });
  }

  async function owned(commit: number): ReturnType<Views['owned']> {
    const machine = await log.head(name);
    if (machine === undefined) return noSuchMachine(name);
    const { epoch, head } = machine;
    if (commit > head) return refusedRead(name, commit, { status: 'beyond-head', head });
    const view = await nearest(log, name, epoch, commit);
    const refused = await readThrough(log, { name, epoch }, view.commit, commit, (entry) => {
      fold(view, decode(name, entry));
    });
    return refused ?? done({ position: { epoch, commit }, view });
  }

  return {
    newest: () =>
      inTurn(async () => {
        const current = await catchUp();
        if (!current.ok) return current;
        const { epoch, view, text } = current.value;
        if (text?.position.commit === view.commit) return done(text);
        const fresh = asText(epoch, view);
        current.value.text = fresh;
        return done(fresh);
      }),

    async at(commit) {
      const found = await owned(commit);
      return found.ok ? done(asText(found.value.position.epoch, found.value.view)) : found;
    },

    owned,

    bookmarks: () =>
      inTurn(async () => {
        const current = await catchUp();
        if (!current.ok) return current;
        const { epoch, view } = current.value;
        return done({ position: { epoch, commit: view.commit }, bookmarks: bookmarksJson(view) });
      }),

    advance(epoch, commit) {
      if (kept?.epoch !== epoch || kept.view.commit + 1 !== commit.number) return;
      try {
        step(kept, commit);
      } catch (error) {
        mistake(error);
      }
    },

    attempt: (epoch, commits, append) =>
      inTurn(async () => {
        const current = await catchUp();
        if (!current.ok) return current;
        if (current.value.epoch !== epoch) {
          return refusedGone(name, { status: 'epoch-changed', epoch: current.value.epoch });
        }
        kept = undefined;
        for (const commit of commits) fold(current.value.view, commit);
        const outcome = await append();
        if (outcome.ok) kept = current.value;
        return outcome;
      }),
  };
}

function asText(epoch: string, view: View): ViewText {
  return { position: { epoch, commit: view.commit }, text: JSON.stringify(viewJson(view)) };
}

/** The view of the newest snapshot at or before `commit`, or the empty one. */
async function nearest(log: EventLog, name: string, epoch: string, commit: number): Promise<View> {
  const snapshot = await log.latestSnapshot(name, epoch, commit);
  if (snapshot === undefined) return emptyView();
  try {
    const json = JSON.parse((await promisify(gunzip)(snapshot.bytes)).toString()) as ViewJson;
    if (json.format === VIEW_FORMAT && json.commit === snapshot.number) return viewFromJson(json);
  } catch {
    // Of another version, or damaged: the log has everything that it had.
  }
  return emptyView();
}

const encodeSnapshot = (view: View): Promise<Uint8Array> =>
  promisify(gzip)(JSON.stringify(viewJson(view)), { level: 1 });
