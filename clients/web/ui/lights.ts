/** What is lit everywhere while the pointer or the focus is on an element. */
import { hover } from '../state/app.ts';
import type { Selection } from '../state/selection.ts';

/** Attributes of the element; null lights nothing. */
export function lights(what: Selection | null) {
  const light = (): void => {
    if (what !== null) hover.value = what;
  };
  const dark = (): void => {
    hover.value = null;
  };
  return { onPointerEnter: light, onPointerLeave: dark, onFocus: light, onBlur: dark };
}
