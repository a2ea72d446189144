/**
 * The imports of many modules, kept once: most modules link against the same symbols, and what they import is two thirds of
 * what there is to say of them. A module has indices into one table instead.
 */
import type { EventOf } from './events/index.ts';

type Import = EventOf<'SymbolsResolved'>['imports'][number];
type Row = readonly [Import['name'], Import['address'], Import['owner']];
type Tabled<M> = Omit<M, 'imports'> & { readonly imports: readonly number[] };

export interface ImportTable<M extends { readonly imports: readonly Import[] }> {
  /** In the order in which modules name them first. */
  readonly symbols: readonly Row[];
  readonly modules: readonly Tabled<M>[];
}

export function intoTable<M extends { readonly imports: readonly Import[] }>(modules: readonly M[]): ImportTable<M> {
  const symbols: Row[] = [];
  /** A symbol of one name that modules found in several places has several rows. */
  const rows = new Map<string, number[]>();
  const indexOf = ({ name, address, owner }: Import): number => {
    const known = rows.get(name) ?? [];
    for (const index of known) {
      const row = symbols[index];
      if (row?.[1] === address && row[2] === owner) return index;
    }
    known.push(symbols.length);
    rows.set(name, known);
    return symbols.push([name, address, owner]) - 1;
  };
  return { symbols, modules: modules.map((module) => ({ ...module, imports: module.imports.map(indexOf) })) };
}

/** The modules again; those that import the same share it. Throws a RangeError for an index that is not in the table. */
export function fromTable<M extends { readonly imports: readonly Import[] }>(table: ImportTable<M>): M[] {
  const imports = table.symbols.map(([name, address, owner]): Import => ({ name, address, owner }));
  const at = (index: number): Import => {
    const found = imports[index];
    if (found === undefined) throw new RangeError(`a table of ${imports.length} imports has no row ${index}`);
    return found;
  };
  return table.modules.map((module) => ({ ...module, imports: module.imports.map(at) }) as unknown as M);
}
