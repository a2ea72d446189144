/** What was chosen in this panel itself: it needs no search for where that is. */
import { signal } from '@preact/signals';
import { select } from '../state/app.ts';
import type { Selection } from '../state/selection.ts';

export const chosenHere = signal<Selection | null>(null);

export function choose(what: Selection): void {
  chosenHere.value = what;
  select(what);
}
