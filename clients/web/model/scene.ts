/**
 * What the worker says of the machine at one position, for drawing. Members that did not change since the last scene are
 * absent: applyUpdate puts scenes together. Tables are columns, so that they cross to the page without a copy.
 */
import type { Fill } from '../../../protocol/view/diff-form.ts';
import type { Bookmark, Failure, ForkView, Machine, View } from '../../../protocol/view/types.ts';

/** `loading`: the picture on its way. `live`: follows the newest commit. `paused`, `playing`, `ended`: a place in time. */
export type Mode = 'loading' | 'live' | 'paused' | 'playing' | 'ended';

/** What an area is: a module's memory that stays, its init memory, or memory that was freed and is not usable yet. */
export const AREA_KINDS = ['module', 'init', 'lazy'] as const;

/** Areas in order of address. */
export interface Areas {
  readonly address: Float64Array;
  /** Bytes, without the guard. */
  readonly size: Float64Array;
  readonly guard: Uint32Array;
  /** Index into AREA_KINDS. */
  readonly kind: Uint8Array;
  /** Index into PARTS of protocol/parts.ts. */
  readonly part: Uint8Array;
  /** Index into Scene.names. */
  readonly module: Uint32Array;
}

/** Static-call sites that have code, in order of address. */
export interface Sites {
  readonly address: Float64Array;
  /** Where the key's calls arrive, NaN where nothing is called. */
  readonly target: Float64Array;
  /** Index into CLASSES of protocol/view/static-call.ts. */
  readonly class: Uint8Array;
  /** Index into Scene.keys. */
  readonly key: Uint32Array;
  /** Index into Scene.names. */
  readonly module: Uint32Array;
}

/** Veneers (PLT entries that are used), in order of address. */
export interface Veneers {
  readonly address: Float64Array;
  readonly target: Float64Array;
  /** The first instruction that needed it. */
  readonly site: Float64Array;
  readonly module: Uint32Array;
}

export interface KeyRow {
  readonly name: string;
  readonly owner: string;
  readonly address: number;
  readonly func: number;
  readonly calls: number | null;
  readonly tramp: number;
  readonly text: string;
  readonly orig: number | null;
  readonly patches: number;
  readonly updates: number;
  /** Nodes and other owners of sites in its list. Who they are is asked by a query: there may be very many. */
  readonly owners: number;
  /** Sites by class, as CLASSES. */
  readonly classes: readonly number[];
}

export interface WindowRow extends Fill {
  readonly window: 'direct' | 'fallback';
}

/** What hardly ever changes. */
export interface Lasting {
  readonly machine: Machine | null;
  readonly failures: readonly Failure[];
  readonly bookmarks: readonly Bookmark[];
  readonly fork: ForkView | null;
}

/** Numbers that the header and the panels show. */
export interface Summary extends Lasting {
  readonly windows: readonly WindowRow[];
  readonly modules: number;
  readonly sites: readonly number[];
  readonly now: View['now'];
  readonly ever: View['ever'];
  readonly patches: number;
}

export interface Scene {
  /** Goes up by one with each scene of this worker. */
  readonly seq: number;
  readonly machine: string;
  readonly epoch: string;
  readonly commit: number;
  /** Milliseconds since 1970. */
  readonly time: number;
  /** The newest commit that is known. */
  readonly head: number;
  readonly mode: Mode;
  /** While it plays. */
  readonly pace: string;
  readonly summary: Summary;
  /** All names of modules that this worker met; an index stays what it is. Only those that are new come; the list is one, and grows. */
  readonly names: readonly string[];
  readonly areas: Areas;
  readonly sites: Sites;
  readonly veneers: Veneers;
  readonly keys: readonly KeyRow[];
  /** Addresses that were patched since the scene before this one, the newest FLASHES_KEPT. */
  readonly flashes: Float64Array;
}

export const FLASHES_KEPT = 200;

type Tables = Pick<Scene, 'areas' | 'sites' | 'veneers' | 'keys'>;

/** What crosses from the worker: a scene without what stayed the same. */
export interface SceneUpdate extends Omit<Scene, keyof Tables | 'summary'>, Partial<Tables> {
  readonly summary: Omit<Summary, keyof Lasting> & Partial<Lasting>;
}

/** `names` of the update are added to those that are there: all scenes of a worker have the same list. */
export function applyUpdate(scene: Scene | null, update: SceneUpdate): Scene {
  const names = (scene?.names ?? []) as string[];
  for (const name of update.names) names.push(name);
  const { summary, ...rest } = scene ?? NOTHING;
  return { ...rest, ...update, summary: { ...summary, ...update.summary }, names };
}

const NOTHING = {
  areas: {
    address: new Float64Array(0),
    size: new Float64Array(0),
    guard: new Uint32Array(0),
    kind: new Uint8Array(0),
    part: new Uint8Array(0),
    module: new Uint32Array(0),
  },
  sites: {
    address: new Float64Array(0),
    target: new Float64Array(0),
    class: new Uint8Array(0),
    key: new Uint32Array(0),
    module: new Uint32Array(0),
  },
  veneers: {
    address: new Float64Array(0),
    target: new Float64Array(0),
    site: new Float64Array(0),
    module: new Uint32Array(0),
  },
  keys: [],
  summary: { machine: null, failures: [], bookmarks: [], fork: null },
} satisfies Tables & { readonly summary: Lasting };
