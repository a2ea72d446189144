/** A decision in the making: events so far, and the state after them. */
import type { Event } from '../../../protocol/events/index.ts';
import { evolve, type State } from '../state.ts';

export interface Draft {
  state: State;
  readonly events: Event[];
}

export function emit(draft: Draft, event: Event): void {
  draft.state = evolve(draft.state, event);
  draft.events.push(event);
}
