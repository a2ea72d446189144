/**
 * What is folded from a log, each with its plain JSON: the view that people see, the kernel's state that commands go on
 * from, the ledger of who wrote what. A snapshot holds all three; who needs one folds only that.
 */
import type { Commit } from '../../protocol/commit.ts';
import { fromTable, type ImportTable, intoTable } from '../../protocol/import-table.ts';
import { emptyView, fold } from '../../protocol/view/fold.ts';
import { type ModuleJson, VIEW_FORMAT, type ViewJson, viewFromJson, viewJson } from '../../protocol/view/json.ts';
import type { View } from '../../protocol/view/types.ts';
import { freeze, thaw } from '../kernel/freeze.ts';
import { emptyLedger, enter, type Ledger, ledgerFromJson, ledgerJson } from '../kernel/inspect/ledger.ts';
import { evolve, initialState, type State } from '../kernel/kernel.ts';

export interface Part<T> {
  readonly name: string;
  empty(): T;
  /** May change `value`, which is the caller's. */
  fold(value: T, commit: Commit): T;
  /** Shares structure with `value`: read it before folding on. */
  json(value: T): { readonly format: string };
  /** Throws a RangeError for a form that this version can't read. */
  read(json: { readonly format: string }): T;
}

export const VIEW_SNAPSHOT_FORMAT = 'veneerd/view-snapshot@1';

/** A view as everybody gets it, but for the imports of its modules. */
type FoldedView = Omit<ViewJson, 'modules' | 'format'> & ImportTable<ModuleJson>;

export const VIEW: Part<View> = {
  name: 'view',
  empty: emptyView,
  fold,
  json(view) {
    const json = viewJson(view);
    return { ...json, ...intoTable(json.modules), format: VIEW_SNAPSHOT_FORMAT };
  },
  read(json) {
    if (json.format !== VIEW_SNAPSHOT_FORMAT) {
      throw new RangeError(`expected a view of format ${VIEW_SNAPSHOT_FORMAT} or earlier, found ${json.format}`);
    }
    const { symbols, modules, ...rest } = json as unknown as FoldedView;
    return viewFromJson({ ...rest, format: VIEW_FORMAT, modules: fromTable({ symbols, modules }) });
  },
};

export const STATE: Part<State> = {
  name: 'kernel-state',
  empty: initialState,
  fold: (state, { events }) => events.reduce(evolve, state),
  json: freeze,
  read: thaw,
};

export const LEDGER: Part<Ledger> = {
  name: 'ledger',
  empty: emptyLedger,
  fold(ledger, commit) {
    enter(ledger, commit);
    return ledger;
  },
  json: ledgerJson,
  read: ledgerFromJson,
};

/** What every snapshot holds. */
export const PARTS: readonly [Part<View>, Part<State>, Part<Ledger>] = [VIEW, STATE, LEDGER];

export type PartsOf<T extends readonly unknown[]> = { readonly [I in keyof T]: Part<T[I]> };
