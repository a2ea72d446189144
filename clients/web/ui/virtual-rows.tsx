/** Rows of any height, of which only those on the screen are there. Whoever uses it says which those are, and where. */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

/** What the box shows of its contents, in CSS pixels. */
export interface Viewport {
  readonly top: number;
  readonly height: number;
}

/** CSS pixels from the top of the contents. */
export interface Placed extends Viewport {
  /** Names the row for ever: it stays the same element as long as it is there. */
  readonly id: string | number;
  readonly content: ComponentChildren;
  /** Its place among all rows, where somebody counted them; from 0. */
  readonly index?: number | undefined;
  /** A row that is on its way out: it says nothing any more. */
  readonly gone?: boolean;
}

export interface VirtualRowsProps {
  readonly label: string;
  /** Of all contents. */
  readonly height: number;
  readonly rows: readonly Placed[];
  /** How many rows there are, where somebody counted them. */
  readonly count?: number;
  /** What has to be in sight: whenever `id` changes the box scrolls there. */
  readonly show?: (Viewport & { readonly id: string | number }) | undefined;
  readonly onView: (view: Viewport) => void;
}

export function VirtualRows({ label, height, rows, count, show, onView }: VirtualRowsProps) {
  const box = useRef<HTMLDivElement>(null);
  const told = useRef(onView);
  told.current = onView;

  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const look = (): void => told.current({ top: element.scrollTop, height: element.clientHeight });
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
    if (show.top < element.scrollTop) element.scrollTop = show.top;
    const bottom = show.top + show.height - element.clientHeight;
    if (bottom > element.scrollTop) element.scrollTop = bottom;
  }, [show?.id]);

  return (
    <div class="virtual-list" ref={box}>
      <div class="virtual-space" style={{ height: `${height}px` }}>
        <ul class="virtual-rows" aria-label={label}>
          {rows.map(({ id, top, height: tall, content, index, gone }) => (
            <li
              key={id}
              class={gone ? 'virtual-row gone' : 'virtual-row'}
              style={{ height: `${tall}px`, transform: `translateY(${top}px)` }}
              inert={gone}
              {...(index !== undefined && { 'aria-posinset': index + 1, 'aria-setsize': count ?? -1 })}
            >
              {content}
            </li>
          ))}
        </ul>
      </div>
    </div>
  );
}
