/** A table for terminals: a header, columns padded to their widest cell, two blanks between them, no rulers. */
import { plain } from './plain.ts';

export interface Column<Row> {
  readonly head: string;
  readonly cell: (row: Row) => string;
  /** Numbers stand to the right. */
  readonly right?: boolean;
  readonly style?: (text: string, row: Row) => string;
}

const GAP = '  ';

/** The lines of a table, header first. Cells are made safe here; `style` gets the padded text, so that colours do not widen it. */
export function table<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  head: (text: string) => string = (text) => text,
): string[] {
  const cells = rows.map((row) => columns.map((column) => plain(column.cell(row))));
  const widths = columns.map((column, i) =>
    cells.reduce((w, row) => Math.max(w, (row[i] ?? '').length), column.head.length),
  );
  const last = columns.length - 1;
  const pad = (text: string, i: number): string => {
    const width = widths[i] ?? 0;
    if (columns[i]?.right) return text.padStart(width);
    return i === last ? text : text.padEnd(width);
  };
  return [
    head(columns.map((column, i) => pad(column.head, i)).join(GAP)),
    ...rows.map((row, r) =>
      columns
        .map((column, i) => {
          const text = pad(cells[r]?.[i] ?? '', i);
          return column.style ? column.style(text, row) : text;
        })
        .join(GAP),
    ),
  ];
}

/** Lines of `name  value`, the names padded to the widest. */
export function pairs(entries: readonly (readonly [name: string, value: string])[]): string[] {
  const width = Math.max(0, ...entries.map(([name]) => name.length));
  return entries.map(([name, value]) => `${name.padEnd(width)}${GAP}${plain(value)}`);
}
