/** What a comparison of two logs says: one line for each command, then a summary. */
import type { WireError } from '../errors.ts';
import type { Classes } from '../view/static-call.ts';
import type { Came, PlacedPart } from './effect.ts';
import type { Figures } from './figures.ts';

/** A command in one of the logs. `what`: its module, key or bookmark. */
export interface Side {
  readonly number: number;
  readonly id: string;
  readonly type: string;
  readonly what: string;
}

/** `moved`: only addresses differ. `changed`: something of what it came to does. `only-a`, `only-b`: the other has no such command. */
export type Verdict = 'same' | 'moved' | 'changed' | 'only-a' | 'only-b';

/** Pairs are [in a, in b]; null where there is no such thing. */
export type Difference =
  | { readonly what: 'command'; readonly pair: readonly [string, string] }
  | { readonly what: 'outcome'; readonly pair: readonly [Came, Came] }
  | { readonly what: 'machine'; readonly fields: readonly (readonly [field: string, a: string, b: string])[] }
  | {
      readonly what: 'placed';
      readonly parts: readonly (readonly [part: string, a: PlacedPart | null, b: PlacedPart | null])[];
    }
  | { readonly what: 'branches'; readonly pair: readonly [Branches, Branches] }
  | { readonly what: 'plt'; readonly pair: readonly [Plt, Plt] }
  | { readonly what: 'veneers'; readonly pair: readonly [number, number] }
  | { readonly what: 'calls'; readonly pair: readonly [Classes, Classes] }
  | { readonly what: 'funcs'; readonly keys: readonly Meant[] }
  /** What was written and means something else, or is written in one of them only: the first of `differ`. */
  | { readonly what: 'patches'; readonly same: number; readonly differ: number; readonly first: readonly Meant[] }
  | { readonly what: 'events'; readonly types: readonly (readonly [type: string, a: number, b: number])[] };

export type Meant = readonly [where: string, a: string | null, b: string | null];
export interface Branches {
  readonly direct: number;
  readonly veneer: number;
}
export interface Plt {
  readonly reserved: number;
  readonly used: number;
}

export interface ComparedCommand {
  readonly a: Side | null;
  readonly b: Side | null;
  readonly verdict: Verdict;
  readonly differences: readonly Difference[];
}

/** A command that came out otherwise, with why it did not succeed where it did not. */
export interface Turned {
  readonly a: number;
  readonly b: number;
  readonly type: string;
  readonly what: string;
  readonly errno: string;
  readonly words: string;
}

export interface Turns {
  readonly count: number;
  /** The first of them. */
  readonly first: readonly Turned[];
}

export interface CompareSummary {
  readonly commands: readonly [a: number, b: number];
  readonly same: number;
  readonly moved: number;
  readonly changed: number;
  readonly onlyA: number;
  readonly onlyB: number;
  /** The first command after the boot that is neither the same nor just moved. */
  readonly first: Omit<ComparedCommand, 'differences'> | null;
  /** Done in a, and not in b; and the other way round. */
  readonly failsNow: Turns;
  readonly worksNow: Turns;
  /** Of loads that were done in both: room in the direct window alone in one, and the fallback window needed in the other. */
  readonly windows: { readonly toFallback: number; readonly toDirect: number };
  /** PLT entries in all; of loads that were done in both, how many have more or fewer in b. */
  readonly veneers: { readonly a: number; readonly b: number; readonly more: number; readonly fewer: number };
  readonly figures: readonly [a: Figures, b: Figures];
}

export type ComparedLine = ComparedCommand | { readonly summary: CompareSummary };
/** GET /machines/:name/compare. */
export type CompareLine = ComparedLine | { readonly error: WireError };
