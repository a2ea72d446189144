/** The view at the position, and the scenes that are made of it: only what changed is made anew. */
import type { Commit, Position } from '../../../protocol/commit.ts';
import type { Event } from '../../../protocol/events/index.ts';
import { emptyView, fold } from '../../../protocol/view/fold.ts';
import { bookmarksJson } from '../../../protocol/view/json.ts';
import { CLASSES, callClasses } from '../../../protocol/view/static-call.ts';
import type { View } from '../../../protocol/view/types.ts';
import { windowMaps } from '../../../protocol/view/windows.ts';
import { type PatchEvent, patchesOf } from './patches.ts';
import { FLASHES_KEPT, type Mode, type SceneUpdate, type Summary, type WindowRow } from './scene.ts';
import { areasOf, keysOf, openNames, sitesOf, veneersOf } from './tables.ts';

export interface Picture {
  readonly view: View;
  readonly position: Position;
  /** Whether anything changed since the last `take`. */
  dirty(): boolean;
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

type Table = 'areas' | 'sites' | 'veneers' | 'keys';
const TABLES: readonly Table[] = ['areas', 'sites', 'veneers', 'keys'];

export function openPicture(machine: string, companion: Companion): Picture {
  const names = openNames();
  let view = emptyView();
  let epoch = '';
  let head = 0;
  let mode: Mode = 'loading';
  let pace = '';
  let seq = 0;
  let dirty = true;
  let stale = new Set<Table>(TABLES);
  let windows: readonly WindowRow[] = [];
  let flashes: PatchEvent[] = [];

  function summary(): Summary {
    if (stale.has('areas')) windows = windowsOf(view);
    const classes = callClasses(view.staticCalls);
    return {
      machine: view.machine,
      windows,
      modules: view.modules.size,
      sites: CLASSES.map((name) => classes[name]),
      now: { ...view.now },
      ever: { ...view.ever },
      patches: view.staticCalls.ever.patches,
      failures: view.failures,
      bookmarks: bookmarksJson(view),
      fork: view.fork ?? null,
    };
  }

  return {
    get view() {
      return view;
    },
    get position() {
      return { epoch, commit: view.commit };
    },
    dirty: () => dirty,

    show(position, next) {
      view = next;
      head = epoch === position.epoch ? Math.max(head, position.commit) : position.commit;
      epoch = position.epoch;
      stale = new Set(TABLES);
      flashes = [];
      dirty = true;
      companion.jump(position);
    },

    fold(commit) {
      fold(view, commit);
      companion.fold(commit);
      head = Math.max(head, commit.number);
      for (const event of commit.events) for (const table of touchedBy(event)) stale.add(table);
      flashes.push(...patchesOf(commit));
      if (flashes.length > FLASHES_KEPT) flashes = flashes.slice(-FLASHES_KEPT);
      dirty = true;
    },

    mode(next, nextPace = '') {
      if (mode === next && pace === nextPace) return;
      mode = next;
      pace = nextPace;
      dirty = true;
    },

    head(commit) {
      if (commit <= head) return;
      head = commit;
      dirty = true;
    },

    take() {
      const update: SceneUpdate = {
        seq: seq++,
        machine,
        epoch,
        commit: view.commit,
        time: view.time,
        head,
        mode,
        pace,
        summary: summary(),
        ...(stale.has('areas') && { areas: areasOf(view, names) }),
        ...(stale.has('sites') && { sites: sitesOf(view, names) }),
        ...(stale.has('veneers') && { veneers: veneersOf(view, names) }),
        ...(stale.has('keys') && { keys: keysOf(view) }),
        flashes,
        names: names.fresh(),
      };
      stale = new Set();
      flashes = [];
      dirty = false;
      return { update, transfer: buffersOf(update) };
    },
  };
}

function windowsOf(view: View): readonly WindowRow[] {
  return windowMaps({ machine: view.machine, areas: [...view.areas.values()] }).map(({ spans, ...fill }) => ({
    ...fill,
    holes: spans.filter(({ kind }) => kind === 'hole').length,
  }));
}

const NONE: readonly Table[] = [];
const CALLS: readonly Table[] = ['sites', 'keys'];

function touchedBy({ type }: Event): readonly Table[] {
  if (type.startsWith('StaticCall') || type.startsWith('SiteMod')) return CALLS;
  switch (type) {
    case 'MachineBooted':
    case 'ModuleGone':
    case 'ModuleLoadFailed':
      return TABLES;
    case 'MemoryAllocated':
    case 'LazyAreasPurged':
      return ['areas'];
    // Init text takes its sites along.
    case 'MemoryFreed':
      return ['areas', 'sites', 'keys'];
    case 'VeneerWritten':
      return ['veneers'];
    default:
      return type.startsWith('Host') ? TABLES : NONE;
  }
}

function buffersOf({ areas, sites, veneers }: SceneUpdate): ArrayBuffer[] {
  return [areas, sites, veneers].flatMap((table) =>
    table === undefined ? [] : Object.values(table).map((column: ArrayBufferView) => column.buffer as ArrayBuffer),
  );
}
