/** The form of a diff of two views, veneerd/diff@1: lists hold what differs, pairs are [from, to]. */
import type { Place } from '../position.ts';
import type { Classes } from './static-call.ts';
import type { Bookmark, Failure, Module } from './types.ts';
import type { WindowMap } from './windows.ts';

export const DIFF_FORMAT = 'veneerd/diff@1';

export type Change<T> = readonly [from: T, to: T];
/** Where a part of a module lies. */
export type PartPlace = NonNullable<Module['parts'][keyof Module['parts']]>;

/** A module that is on one side only. */
export interface ModuleEntry {
  readonly name: string;
  readonly state: Module['state'];
  readonly parts: Module['parts'];
  readonly veneers: number;
}

export interface ModuleChange {
  readonly name: string;
  /** Gone and loaded again in between. */
  readonly reloaded?: true;
  readonly state?: Change<Module['state']>;
  readonly blob?: Change<string | null>;
  /** Parts that are elsewhere, or on one side only. */
  readonly moved?: readonly { readonly part: string; readonly place: Change<PartPlace | null> }[];
  readonly veneers?: Change<number>;
  readonly plt?: Change<Module['plt']>;
  readonly branches?: Change<Module['branches']>;
  readonly usedBy?: Change<readonly string[]>;
  /** Further members of the module (protocol/view/types.ts) that differ. */
  readonly other?: readonly string[];
}

export interface KeyChange {
  readonly name: string;
  readonly func?: Change<string>;
  readonly calls?: Change<string | null>;
  readonly orig?: Change<string | null>;
  /** The trampoline's bytes, and as assembler. */
  readonly bytes?: Change<string>;
  readonly text?: Change<string>;
  /** Owners of the nodes of site_mods, newest first. */
  readonly chain?: Change<readonly string[]>;
  readonly classes?: Change<Classes>;
  /** Sites that are on both sides and hold other bytes. */
  readonly rewritten?: number;
  readonly patches?: Change<number>;
  readonly updates?: Change<number>;
  readonly other?: readonly string[];
}

/** A window without its areas. */
export type Fill = Omit<WindowMap, 'spans' | 'window'> & { readonly holes: number };

export interface ViewDiff {
  readonly format: typeof DIFF_FORMAT;
  readonly equal: boolean;
  /** Members of the machine's profile that differ; null where a side has none. */
  readonly machine: Readonly<Record<string, Change<unknown>>>;
  readonly modules: {
    readonly loaded: readonly ModuleEntry[];
    readonly unloaded: readonly ModuleEntry[];
    readonly changed: readonly ModuleChange[];
  };
  readonly windows: readonly { readonly window: string; readonly fill: Change<Fill | null> }[];
  /** Areas that are on one side only, lazily freed ones too. */
  readonly areas: { readonly came: number; readonly gone: number };
  readonly keys: {
    readonly added: readonly string[];
    readonly gone: readonly string[];
    readonly changed: readonly KeyChange[];
  };
  /** Sites by class. */
  readonly classes: Change<Classes> | null;
  /** Counters that differ: `ever` since boot, `now` over the modules that are there, `staticCalls` since boot. */
  readonly counters: Readonly<Record<'ever' | 'now' | 'staticCalls', Readonly<Record<string, Change<number>>>>>;
  readonly refusals: { readonly came: readonly Failure[]; readonly gone: readonly Failure[] };
  readonly bookmarks: {
    readonly added: readonly Bookmark[];
    readonly removed: readonly Bookmark[];
    readonly moved: readonly { readonly name: string; readonly at: Change<number> }[];
  };
  /** Further members of the view that differ. */
  readonly other: readonly string[];
}

/** GET /machines/:name/diff */
export interface DiffAnswer {
  readonly from: Place;
  readonly to: Place;
  readonly diff: ViewDiff;
}
