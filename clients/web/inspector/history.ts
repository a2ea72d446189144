/** What was chosen before, to go back to and forward again, as a browser does with pages. */
import { computed, effect, signal } from '@preact/signals';
import { model, select, selection } from '../state/app.ts';
import type { Selection } from '../state/selection.ts';
import { selectionText } from '../state/selection-text.ts';

const KEPT = 100;

interface Trail {
  readonly past: readonly Selection[];
  readonly future: readonly Selection[];
}

const NOWHERE: Trail = { past: [], future: [] };
const trail = signal(NOWHERE);
let current: Selection | null = null;
/** Whose things they are: another machine has others. */
const machine = computed(() => model.value?.machine);
let last = machine.peek();

const same = (a: Selection | null, b: Selection | null): boolean =>
  a === b || (a !== null && b !== null && selectionText(a) === selectionText(b));

effect(() => {
  const next = selection.value;
  if (machine.value !== last) {
    last = machine.value;
    trail.value = NOWHERE;
    current = null;
  }
  if (same(next, current)) return;
  // Whoever goes back or forward has moved the trail already.
  if (current !== null && next !== null) {
    trail.value = { past: [...trail.peek().past, current].slice(-KEPT), future: [] };
  }
  current = next ?? current;
});

export const canGoBack = computed(() => trail.value.past.length > 0);
export const canGoForward = computed(() => trail.value.future.length > 0);

export function back(): void {
  if (selection.peek() === null && current !== null) {
    go(current);
    return;
  }
  const { past, future } = trail.peek();
  const to = past.at(-1);
  if (to === undefined) return;
  trail.value = { past: past.slice(0, -1), future: current === null ? future : [current, ...future] };
  go(to);
}

export function forward(): void {
  const { past, future } = trail.peek();
  const [to, ...rest] = future;
  if (to === undefined) return;
  trail.value = { past: current === null ? past : [...past, current], future: rest };
  go(to);
}

function go(to: Selection): void {
  current = to;
  select(to);
}
