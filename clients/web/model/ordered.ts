/**
 * Columns in order of address, kept up as rows come, change and go: what stays is moved in runs, so that a change of a few rows
 * among a hundred thousand costs little more than copying them.
 */
import { lowerBound } from './search.ts';

type Column = Float64Array | Uint32Array | Uint8Array;

/** Columns of one length. */
export interface Columns {
  readonly address: Float64Array;
}

export interface Shape<T extends Columns, Row> {
  make(length: number): T;
  addressOf(row: Row): number;
  /** All of a row but its address. */
  write(into: T, index: number, row: Row): void;
}

export interface Ordered<T extends Columns, Row> {
  /** They belong to the table: it changes them. */
  readonly columns: T;
  /** -1: there is no row of this address. */
  indexOf(address: number): number;
  /** Writes a row of the same address over another one. */
  write(index: number, row: Row): void;
  /** Takes rows out, and new ones in; `gone`: indices in order. */
  splice(gone: readonly number[], fresh: readonly Row[]): void;
  /** All anew. */
  fill(rows: Iterable<Row>): void;
}

export function openOrdered<T extends Columns, Row>({ make, addressOf, write }: Shape<T, Row>): Ordered<T, Row> {
  let columns = make(0);

  function spliced(gone: readonly number[], fresh: T): T {
    const old = columns;
    const next = make(old.address.length - gone.length + fresh.address.length);
    let from = 0;
    let to = 0;
    let left = 0;
    /** Takes over what stays of the rows before `end`. */
    const keepTo = (end: number): void => {
      while (from < end) {
        const stop = Math.min(end, gone[left] ?? end);
        copyRows(old, from, stop, next, to);
        to += stop - from;
        from = stop;
        if (from === end) return;
        from++;
        left++;
      }
    };
    for (let i = 0; i < fresh.address.length; ) {
      const before = lowerBound(old.address, fresh.address[i] as number);
      keepTo(before);
      const following = old.address[before] ?? Number.POSITIVE_INFINITY;
      let end = i + 1;
      while (end < fresh.address.length && (fresh.address[end] as number) <= following) end++;
      copyRows(fresh, i, end, next, to);
      to += end - i;
      i = end;
    }
    keepTo(old.address.length);
    return next;
  }

  function sorted(rows: readonly Row[]): T {
    const table = make(rows.length);
    const addresses = Float64Array.from(rows, addressOf);
    for (const [i, at] of orderOf(addresses).entries()) {
      table.address[i] = addresses[at] as number;
      write(table, i, rows[at] as Row);
    }
    return table;
  }

  return {
    get columns() {
      return columns;
    },
    indexOf(address) {
      const index = lowerBound(columns.address, address);
      return columns.address[index] === address ? index : -1;
    },
    write: (index, row) => write(columns, index, row),
    splice(gone, fresh) {
      if (gone.length > 0 || fresh.length > 0) columns = spliced(gone, sorted(fresh));
    },
    fill(rows) {
      columns = sorted([...rows]);
    },
  };
}

/** Of one's own: the buffers can be given away. */
export function copyOf<T extends Columns>(table: T): T {
  return Object.fromEntries(Object.entries(table).map(([name, column]) => [name, (column as Column).slice()])) as never;
}

function copyRows<T extends Columns>(source: T, start: number, end: number, target: T, at: number): void {
  if (start === end) return;
  for (const name of Object.keys(source) as (keyof T)[]) {
    (target[name] as Column).set((source[name] as Column).subarray(start, end), at);
  }
}

/** Indices by value. */
function orderOf(values: Float64Array): Uint32Array {
  const order = Uint32Array.from(values, (_, i) => i);
  const isOrdered = values.every((value, i) => i === 0 || (values[i - 1] as number) <= value);
  return isOrdered ? order : order.sort((a, b) => (values[a] as number) - (values[b] as number));
}
