/** The view at the position, and the scenes that are made of it: only what changed is made anew. */
import { fromHex } from '../../../protocol/address.ts';
import type { Commit, Position } from '../../../protocol/commit.ts';
import type { Event } from '../../../protocol/events/index.ts';
import { emptyView, fold } from '../../../protocol/view/fold.ts';
import { bookmarksJson } from '../../../protocol/view/json.ts';
import type { View } from '../../../protocol/view/types.ts';
import { fillsOf } from './fills.ts';
import { FLASHES_KEPT, type Lasting, type Mode, type SceneUpdate, type WindowRow } from './scene.ts';
import { openTables } from './tables.ts';
import { openTouching, type Touching } from './touched.ts';

export interface Picture {
  readonly view: View;
  readonly position: Position;
  /** Whether anything changed since the last `take`. */
  dirty(): boolean;
  /** Whether it is at another position, or in another mode, than at the last `take`, and did not get there commit by commit. */
  jumped(): boolean;
  /** Another view altogether; the picture owns it. */
  show(position: Position, view: View): void;
  fold(commit: Commit): void;
  mode(mode: Mode, pace?: string): void;
  head(commit: number): void;
  /** What changed since the last call, with the arrays that may be given away. */
  take(): { readonly update: SceneUpdate; readonly transfer: ArrayBuffer[] };
}

/** Whoever goes along with the picture. */
export interface Companion {
  /** It is at another position. */
  jump(position: Position): void;
  /** It went on by this commit. */
  fold(commit: Commit): void;
}

const LASTING: readonly (keyof Lasting)[] = ['machine', 'failures', 'bookmarks', 'fork'];

export function openPicture(machine: string, companion: Companion): Picture {
  const tables = openTables();
  let touching = allTouched();
  let lasting = new Set(LASTING);
  let view = emptyView();
  let epoch = '';
  let head = 0;
  let mode: Mode = 'loading';
  let pace = '';
  let seq = 0;
  let dirty = true;
  let jumped = true;
  let windows: readonly WindowRow[] = [];
  let flashes: number[] = [];

  return {
    get view() {
      return view;
    },
    get position() {
      return { epoch, commit: view.commit };
    },
    dirty: () => dirty,
    jumped: () => jumped,

    show(position, next) {
      view = next;
      head = epoch === position.epoch ? Math.max(head, position.commit) : position.commit;
      epoch = position.epoch;
      touching = allTouched();
      lasting = new Set(LASTING);
      flashes = [];
      dirty = true;
      jumped = true;
      companion.jump(position);
    },

    fold(commit) {
      for (const event of commit.events) {
        touching.event(view, event);
        for (const part of changedBy(event)) lasting.add(part);
        if (event.type === 'StaticCallPatched') flashes.push(fromHex(event.address));
      }
      fold(view, commit);
      companion.fold(commit);
      head = Math.max(head, commit.number);
      if (flashes.length > FLASHES_KEPT) flashes = flashes.slice(-FLASHES_KEPT);
      dirty = true;
    },

    mode(next, nextPace = '') {
      if (mode === next && pace === nextPace) return;
      mode = next;
      pace = nextPace;
      dirty = true;
      jumped = true;
    },

    head(commit) {
      if (commit <= head) return;
      head = commit;
      dirty = true;
    },

    take() {
      const changed = tables.update(view, touching.touched);
      if (changed.areas !== undefined) windows = fillsOf(view.machine, changed.areas);
      const update: SceneUpdate = {
        seq: seq++,
        machine,
        epoch,
        commit: view.commit,
        time: view.time,
        head,
        mode,
        pace,
        summary: {
          ...partsOf(view, lasting),
          windows,
          modules: view.modules.size,
          sites: tables.classes,
          now: { ...view.now },
          ever: { ...view.ever },
          patches: view.staticCalls.ever.patches,
        },
        ...changed,
        flashes: Float64Array.from(flashes),
        names: tables.freshNames(),
      };
      touching = openTouching();
      lasting = new Set();
      flashes = [];
      dirty = false;
      jumped = false;
      return { update, transfer: buffersOf(update) };
    },
  };
}

function allTouched(): Touching {
  const touching = openTouching();
  touching.all();
  return touching;
}

function partsOf(view: View, names: ReadonlySet<keyof Lasting>): Partial<Lasting> {
  return {
    ...(names.has('machine') && { machine: view.machine }),
    ...(names.has('failures') && { failures: view.failures }),
    ...(names.has('bookmarks') && { bookmarks: bookmarksJson(view) }),
    ...(names.has('fork') && { fork: view.fork ?? null }),
  };
}

function changedBy({ type }: Event): readonly (keyof Lasting)[] {
  switch (type) {
    case 'MachineBooted':
    case 'HostObserved':
      return LASTING;
    case 'ModuleLoadFailed':
    case 'ModuleUnloadFailed':
      return ['failures'];
    case 'BookmarkSet':
    case 'BookmarkRemoved':
      return ['bookmarks'];
    case 'MachineForked':
    case 'CommandRefused':
      return ['fork'];
    default:
      return [];
  }
}

function buffersOf({ areas, sites, veneers }: SceneUpdate): ArrayBuffer[] {
  return [areas, sites, veneers].flatMap((table) =>
    table === undefined ? [] : Object.values(table).map((column: ArrayBufferView) => column.buffer as ArrayBuffer),
  );
}
