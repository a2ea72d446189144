/** A list of which only the rows on the screen are there, however many it has. Rows are of one height. */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

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
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 0 });

  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const look = (): void => setView({ top: element.scrollTop, height: element.clientHeight });
    const observer = new ResizeObserver(look);
    observer.observe(element);
    element.addEventListener('scroll', look, { passive: true });
    look();
    return () => {
      observer.disconnect();
      element.removeEventListener('scroll', look);
    };
  }, []);

  useEffect(() => {
    const element = box.current;
    if (element === null || show === undefined) return;
    const top = show * rowHeight;
    if (top < element.scrollTop) element.scrollTop = top;
    const bottom = top + rowHeight - element.clientHeight;
    if (bottom > element.scrollTop) element.scrollTop = bottom;
  }, [show, rowHeight]);

  const first = Math.max(0, Math.floor(view.top / rowHeight) - SPARE);
  const end = Math.min(count, Math.ceil((view.top + view.height) / rowHeight) + SPARE);
  useEffect(() => onRange?.(first, end), [first, end, onRange]);

  const rows: ComponentChildren[] = [];
  for (let index = first; index < end; index++) {
    rows.push(
      <li
        class="virtual-row"
        key={index}
        style={{ height: `${rowHeight}px` }}
        aria-setsize={count}
        aria-posinset={index + 1}
      >
        {row(index)}
      </li>,
    );
  }
  return (
    <div class="virtual-list" ref={box}>
      <div class="virtual-space" style={{ height: `${count * rowHeight}px` }}>
        <ul class="virtual-rows" aria-label={label} style={{ transform: `translateY(${first * rowHeight}px)` }}>
          {rows}
        </ul>
      </div>
    </div>
  );
}
