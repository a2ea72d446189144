/** Binary search in columns that are in order. */

type Column = Float64Array | Int32Array;

/** The first index whose value is not below `value`; the length where all are. */
export function lowerBound(column: Column, value: number): number {
  let low = 0;
  let high = column.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (column[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The last index whose value is not above `value`; -1 where none is. */
export function atOrBefore(column: Column, value: number): number {
  let low = 0;
  let high = column.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (column[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Index of the value that is nearest to `value`; -1 for an empty column. */
export function nearest(column: Column, value: number): number {
  const after = lowerBound(column, value);
  if (after === 0) return column.length === 0 ? -1 : 0;
  if (after === column.length) return after - 1;
  return column[after]! - value < value - column[after - 1]! ? after : after - 1;
}
