/**
 * What people see of a machine. The newest view is kept folded; an older one is folded from the nearest snapshot or from
 * the log's start (snapshots-seek.ts).
 */
import type { Commit, Position } from '../../protocol/commit.ts';
import { fold } from '../../protocol/view/fold.ts';
import { bookmarksJson, briefViewJson, moduleJson, viewJson } from '../../protocol/view/json.ts';
import type { Bookmark, View } from '../../protocol/view/types.ts';
import { StoreError } from '../log/errors.ts';
import { conflict, done, type Outcome, refuse, refusedGone } from './outcome.ts';
import type { Snapshots } from './snapshots.ts';
import { VIEW } from './snapshots-parts.ts';

/** `brief`: without what modules import and export. */
export type ViewForm = 'whole' | 'brief';

/** `text` is the JSON of the view, or of one module of it (protocol/view/json.ts). */
export interface ViewText {
  readonly position: Position;
  readonly text: string;
}

export interface Views {
  newest(form: ViewForm): Promise<Outcome<ViewText>>;
  at(commit: number, form: ViewForm): Promise<Outcome<ViewText>>;
  /** One module, whole; after a commit, or as the newest view has it. */
  module(module: string, commit?: number): Promise<Outcome<ViewText>>;
  /** The view after a commit, which the caller owns. */
  owned(commit: number): Promise<Outcome<{ readonly position: Position; readonly view: View }>>;
  /** What the newest view calls positions. */
  bookmarks(): Promise<Outcome<{ readonly position: Position; readonly bookmarks: readonly Bookmark[] }>>;
  /** A commit was appended after the one with the id `before`: keeps the newest view the newest. */
  advance(epoch: string, commit: Commit, before: string | undefined): void;
  /**
   * Tries recorded commits on the newest view, with nobody else at it, then runs `append`. The view is forgotten when
   * `append` does not come to its end; the refusal or the RangeError of a commit that can't be folded comes back.
   */
  attempt<T>(epoch: string, commits: readonly Commit[], append: () => Promise<Outcome<T>>): Promise<Outcome<T>>;
}

interface Kept {
  readonly epoch: string;
  /** Of the newest commit in it. */
  id: string | undefined;
  readonly view: View;
}

export function openViews(snapshots: Snapshots, name: string, mistake: (error: unknown) => void): Views {
  let kept: Kept | undefined;
  const texts = new Map<ViewForm, ViewText & { readonly id: string | undefined }>();
  let turn: Promise<unknown> = Promise.resolve();

  /** Runs after everything before it, so that one thing at a time folds the kept view over a wait. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = turn.then(work);
    turn = mine.catch(() => undefined);
    return mine;
  }

  async function catchUp(): Promise<Outcome<Kept>> {
    const mine = kept;
    const commit = mine?.view.commit;
    // Nobody else folds it meanwhile.
    kept = undefined;
    try {
      const known = mine && { ...mine, commit: mine.view.commit, values: [mine.view] as const };
      const sought = await snapshots.seek(name, undefined, [VIEW] as const, known);
      if (!sought.ok) return sought;
      const { epoch, id, values } = sought.value;
      kept = { epoch, id, view: values[0] };
      return done(kept);
    } catch (error) {
      // The store failed before anything was folded; after that nobody knows the id of the commit that it stands at.
      if (error instanceof StoreError && mine?.view.commit === commit) kept = mine;
      throw error;
    }
  }

  async function owned(commit: number): ReturnType<Views['owned']> {
    const sought = await snapshots.seek(name, commit, [VIEW] as const);
    if (!sought.ok) return sought;
    const { epoch, values } = sought.value;
    return done({ position: { epoch, commit }, view: values[0] });
  }

  return {
    newest: (form) =>
      inTurn(async () => {
        const current = await catchUp();
        if (!current.ok) return current;
        const { epoch, id, view } = current.value;
        const text = texts.get(form);
        const same = text?.position.epoch === epoch && text.position.commit === view.commit && text.id === id;
        if (text !== undefined && same) return done(text);
        const made = { ...asText(epoch, view, form), id };
        texts.set(form, made);
        return done(made);
      }),

    async at(commit, form) {
      const found = await owned(commit);
      return found.ok ? done(asText(found.value.position.epoch, found.value.view, form)) : found;
    },

    async module(module, commit) {
      const of = (epoch: string, view: View): Outcome<ViewText> => {
        const found = view.modules.get(module);
        if (found === undefined) {
          return refuse('no-such-module', `${name} has no module ${module} after commit ${view.commit}`);
        }
        return done({ position: { epoch, commit: view.commit }, text: JSON.stringify(moduleJson(found)) });
      };
      if (commit !== undefined) {
        const older = await owned(commit);
        return older.ok ? of(older.value.position.epoch, older.value.view) : older;
      }
      return inTurn(async () => {
        const current = await catchUp();
        return current.ok ? of(current.value.epoch, current.value.view) : current;
      });
    },

    owned,

    bookmarks: () =>
      inTurn(async () => {
        const current = await catchUp();
        if (!current.ok) return current;
        const { epoch, view } = current.value;
        return done({ position: { epoch, commit: view.commit }, bookmarks: bookmarksJson(view) });
      }),

    advance(epoch, commit, before) {
      // With another commit before it, the one in the view was lost: that is noticed when it is asked for.
      if (kept?.epoch !== epoch || kept.view.commit + 1 !== commit.number || kept.id !== before) return;
      try {
        fold(kept.view, commit);
        kept.id = commit.id;
      } catch (error) {
        // Half a view is left, which nobody must see.
        kept = undefined;
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
        const { view } = current.value;
        const expected = (commits[0]?.number ?? 0) - 1;
        // Another daemon has appended since whoever calls has looked.
        if (view.commit !== expected) return conflict(name, view.commit, expected);
        kept = undefined;
        for (const commit of commits) fold(view, commit);
        const outcome = await append();
        current.value.id = commits.at(-1)?.id ?? current.value.id;
        if (outcome.ok) kept = current.value;
        return outcome;
      }),
  };
}

function asText(epoch: string, view: View, form: ViewForm): ViewText {
  const json = form === 'brief' ? briefViewJson(view) : viewJson(view);
  return { position: { epoch, commit: view.commit }, text: JSON.stringify(json) };
}
