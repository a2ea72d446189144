/** Pointing, dragging, pinching and turning the wheel. */
import { batch } from '@preact/signals';
import { hover, select, span } from '../state/app.ts';
import type { Selection } from '../state/selection.ts';
import { selectionText } from '../state/selection-text.ts';
import { selectionOf } from './facts.ts';
import { addressUnder, placeUnder, within } from './hit.ts';
import type { Place } from './place.ts';
import { addressAt, xOf } from './scale.ts';
import type { Frame, Space } from './space-state.ts';
import type { Range } from './world.ts';
import { around, between, fitted, panned, shown, zoomed } from './zoom.ts';

/** Pixels that a press may move and still be a click. */
const CLICK = 4;
/** Pixels around an edge of the viewport's box. */
const GRIP = 6;
/** Bytes of the viewport that a click into the overview opens where all was shown. */
const FIRST = 2 ** 27;
/** How much one notch of a wheel, and one of a touchpad's pinch, zooms. */
const WHEEL = 0.0016;
const PINCH = 0.012;

export interface Pointed {
  readonly place: Place;
  /** CSS pixels in the box. */
  readonly x: number;
  readonly y: number;
}

type Drag =
  | { readonly what: 'pan' | 'box'; readonly x: number; readonly from: Range }
  | { readonly what: 'edge' | 'new'; readonly fixed: number };

/** `point` is told what is under the pointer. Until the returned function is called. */
export function followPointer(box: HTMLElement, space: Space, point: (pointed: Pointed | null) => void): () => void {
  const down = new Map<number, { x: number; y: number }>();
  let drag: Drag | undefined;
  let start = { x: 0, y: 0 };
  let moved = false;
  let lit = '';

  const place = (event: MouseEvent): { x: number; y: number } => {
    const { left, top } = box.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  };

  function light(next: Selection | null): void {
    const text = next === null ? '' : selectionText(next);
    if (text === lit) return;
    lit = text;
    hover.value = next;
  }

  function look({ x, y }: { x: number; y: number }): void {
    const frame = space.frame.peek();
    const found = placeUnder(space, x, y);
    batch(() => {
      light(found === undefined || frame === null ? null : selectionOf(found, frame.scene));
      point(found === undefined ? null : { place: found, x, y });
    });
  }

  function leave(): void {
    light(null);
    point(null);
  }

  function begin(frame: Frame, x: number, y: number): Drag {
    const { rows, whole, scale } = frame;
    if (!within(rows.overview, y)) return { what: 'pan', x, from: { start: scale.start, end: scale.end } };
    if (span.peek() === null) return { what: 'new', fixed: addressAt(whole, x) };
    const [left, right] = [xOf(whole, scale.start), xOf(whole, scale.end)];
    if (right - left > 3 * GRIP) {
      if (Math.abs(x - left) <= GRIP) return { what: 'edge', fixed: scale.end };
      if (Math.abs(x - right) <= GRIP) return { what: 'edge', fixed: scale.start };
    }
    if (x > left - GRIP && x < right + GRIP) return { what: 'box', x, from: { start: scale.start, end: scale.end } };
    return { what: 'new', fixed: addressAt(whole, x) };
  }

  function go(frame: Frame, held: Drag, x: number): void {
    const { world, whole, scale } = frame;
    switch (held.what) {
      case 'pan':
        span.value = panned(held.from, world, (held.x - x) * scale.perPixel);
        return;
      case 'box':
        span.value = panned(held.from, world, (x - held.x) * whole.perPixel);
        return;
      default:
        span.value = between(held.fixed, addressAt(whole, x), world);
    }
  }

  function pinch(frame: Frame, id: number, x: number, y: number): void {
    const [other] = [...down].filter(([of]) => of !== id).map(([, at]) => at);
    const before = down.get(id);
    if (other === undefined || before === undefined) return;
    const [old, young] = [Math.abs(before.x - other.x), Math.abs(x - other.x)];
    if (old > 8 && young > 8)
      span.value = zoomed(span.peek(), frame.world, addressAt(frame.scale, other.x), old / young);
    down.set(id, { x, y });
  }

  const on = {
    pointerdown(event: PointerEvent): void {
      const frame = space.frame.peek();
      if (frame === null || event.button !== 0) return;
      const at = place(event);
      down.set(event.pointerId, at);
      box.setPointerCapture(event.pointerId);
      moved = down.size > 1;
      start = at;
      drag = down.size === 1 ? begin(frame, at.x, at.y) : undefined;
    },
    pointermove(event: PointerEvent): void {
      const frame = space.frame.peek();
      if (frame === null) return;
      const at = place(event);
      if (down.size === 0) {
        look(at);
        box.dataset.over = cursor(frame, at);
        return;
      }
      if (down.size > 1) {
        pinch(frame, event.pointerId, at.x, at.y);
        return;
      }
      if (Math.hypot(at.x - start.x, at.y - start.y) > CLICK) moved = true;
      if (!moved || drag === undefined) return;
      point(null);
      go(frame, drag, at.x);
    },
    pointerup(event: PointerEvent): void {
      down.delete(event.pointerId);
      const frame = space.frame.peek();
      if (frame === null || moved || drag === undefined) return;
      const at = place(event);
      const held = drag;
      drag = undefined;
      if (held.what === 'new') {
        const { start: from, end: to } = shown(span.peek(), frame.world);
        const size = span.peek() === null ? FIRST : to - from;
        span.value = fitted(held.fixed - size / 2, size, frame.world);
        return;
      }
      const found = placeUnder(space, at.x, at.y);
      if (found !== undefined && held.what === 'pan') select(selectionOf(found, frame.scene));
      if (event.pointerType === 'touch') look(at);
    },
    pointercancel(event: PointerEvent): void {
      down.delete(event.pointerId);
      drag = undefined;
    },
    pointerleave(event: PointerEvent): void {
      if (event.pointerType !== 'touch') leave();
    },
    dblclick(event: MouseEvent): void {
      const frame = space.frame.peek();
      const { x, y } = place(event);
      const found = placeUnder(space, x, y);
      if (frame !== null && found !== undefined) span.value = around(roomy(found), frame.world);
    },
    wheel(event: WheelEvent): void {
      const frame = space.frame.peek();
      if (frame === null) return;
      event.preventDefault();
      const { x, y } = place(event);
      const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
      const sideways = event.shiftKey ? event.deltaY : event.deltaX;
      if (Math.abs(sideways) > Math.abs(event.deltaY) || event.shiftKey) {
        span.value = panned(span.peek(), frame.world, sideways * unit * frame.scale.perPixel);
      } else {
        const factor = Math.exp(event.deltaY * unit * (event.ctrlKey ? PINCH : WHEEL));
        span.value = zoomed(span.peek(), frame.world, addressUnder(frame, x, y), factor);
      }
      look({ x, y });
    },
  };
  box.addEventListener('wheel', on.wheel, { passive: false });
  box.addEventListener('pointerdown', on.pointerdown);
  box.addEventListener('pointermove', on.pointermove);
  box.addEventListener('pointerup', on.pointerup);
  box.addEventListener('pointercancel', on.pointercancel);
  box.addEventListener('pointerleave', on.pointerleave);
  box.addEventListener('dblclick', on.dblclick);
  return () => {
    leave();
    box.removeEventListener('wheel', on.wheel);
    box.removeEventListener('pointerdown', on.pointerdown);
    box.removeEventListener('pointermove', on.pointermove);
    box.removeEventListener('pointerup', on.pointerup);
    box.removeEventListener('pointercancel', on.pointercancel);
    box.removeEventListener('pointerleave', on.pointerleave);
    box.removeEventListener('dblclick', on.dblclick);
  };
}

/** For a single instruction its neighbours too. */
const roomy = (place: Place): Range =>
  place.end - place.start > 16 ? place : { start: place.start - 24, end: place.end + 24 };

function cursor({ rows, whole, scale }: Frame, { x, y }: { x: number; y: number }): string {
  if (!within(rows.overview, y)) return 'strip';
  if (span.peek() === null) return 'overview';
  const [left, right] = [xOf(whole, scale.start), xOf(whole, scale.end)];
  if (right - left > 3 * GRIP && (Math.abs(x - left) <= GRIP || Math.abs(x - right) <= GRIP)) return 'edge';
  return x > left - GRIP && x < right + GRIP ? 'box' : 'overview';
}
