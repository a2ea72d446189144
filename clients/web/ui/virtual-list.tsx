/** A list of which only the rows on the screen are there, however many it has. Rows are of one height. */
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { type Placed, VirtualRows } from './virtual-rows.tsx';

export interface VirtualListProps {
  readonly count: number;
  /** CSS pixels. */
  readonly rowHeight: number;
  readonly label: string;
  readonly row: (index: number) => ComponentChildren;
  /** The row that has to be in sight; when it changes the list scrolls there. */
  readonly show?: number | undefined;
  /** Which rows are drawn, from `first` to before `end`. */
  readonly onRange?: (first: number, end: number) => void;
}

/** Rows beyond the edges, so that quick scrolling shows no gaps. */
const SPARE = 6;

export function VirtualList({ count, rowHeight, label, row, show, onRange }: VirtualListProps) {
  const [view, setView] = useState({ top: 0, height: 0 });
  const first = Math.max(0, Math.floor(view.top / rowHeight) - SPARE);
  const end = Math.min(count, Math.ceil((view.top + view.height) / rowHeight) + SPARE);
  useEffect(() => onRange?.(first, end), [first, end, onRange]);

  const rows: Placed[] = [];
  for (let index = first; index < end; index++) {
    rows.push({ id: index, index, top: index * rowHeight, height: rowHeight, content: row(index) });
  }
  return (
    <VirtualRows
      label={label}
      count={count}
      height={count * rowHeight}
      rows={rows}
      show={show === undefined ? undefined : { id: show, top: show * rowHeight, height: rowHeight }}
      onView={setView}
    />
  );
}
