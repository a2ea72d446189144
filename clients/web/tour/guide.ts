/** Leads through the tour: brings the page to a stop, remembers where the visitor was, and brings them back there. */
import { batch, computed, signal } from '@preact/signals';
import { fromHex } from '../../../protocol/address.ts';
import { ClientError } from '../../sdk/errors.ts';
import {
  client,
  filter,
  goTo,
  linkState,
  model,
  openBeside,
  openMachine,
  scene,
  select,
  selection,
  showSpan,
  span,
  tourStop,
} from '../state/app.ts';
import type { LinkState } from '../state/link.ts';
import type { Selection } from '../state/selection.ts';
import { machineFor } from './machine-for.ts';
import { shipped } from './sessions.ts';
import { STOPS, type Stop } from './stops.ts';

/** How the page comes to the stop. */
export type Arrival =
  | { readonly state: 'coming' }
  | { readonly state: 'there'; readonly machine: string }
  /** `watch-only`: the daemon takes no session from this visitor. */
  | { readonly state: 'refused'; readonly message: string; readonly watchOnly: boolean };

/** Which of a stop's positions. */
export type Moment = 'before' | 'after';

export const arrival = signal<Arrival>({ state: 'coming' });
/** The stop that the card shows. */
export const stop = computed<Stop | null>(() => STOPS.find(({ id }) => id === tourStop.value) ?? null);
export const stopNumber = computed(() => (stop.value === null ? 0 : STOPS.indexOf(stop.value) + 1));
/** Whether the stop's machine is not shown yet. */
export const isComing = computed(() => stop.value !== null && arrival.value.state === 'coming');
/** Null while the page is at neither. */
export const moment = computed<Moment | null>(() => {
  const there = arrival.value;
  const now = scene.value;
  if (stop.value === null || now === null || there.state !== 'there' || now.machine !== there.machine) return null;
  if (now.commit === stop.value.commit) return 'after';
  return now.commit === stop.value.before ? 'before' : null;
});

/** Whether the visitor went on by themselves, to another commit or machine. */
export const hasStrayed = computed(() => {
  const mode = scene.value?.mode ?? 'loading';
  return arrival.value.state === 'there' && mode !== 'loading' && moment.value === null;
});

/** Where the visitor was; null where a link began the tour. */
let origin: LinkState | null = null;
/** The stop that the page was brought to, or is on its way to. */
let visited: string | null = null;

/** Begins with the first stop. */
export function beginTour(): void {
  if (tourStop.value !== null) return;
  origin = linkState.peek();
  openBeside(null);
  move(0);
}

/** Forwards by so many stops; there is no way beyond the first and the last. */
export function move(stops: number): void {
  const next = STOPS[Math.max(0, stopNumber.peek() - 1) + stops];
  if (next !== undefined) visit(next);
}

/** Shows a stop as it is meant to be seen. */
export function visit(next: Stop): void {
  visited = next.id;
  tourStop.value = next.id;
  filter.value = '';
  void bring(next, { at: next.commit, selection: pinned(next), span: spanOf(next) });
}

/** Shows the stop that a link names, at the position and with the selection of the link. */
export function visitLinked(): void {
  if (tourStop.value === visited) return;
  visited = tourStop.value;
  const linked = stop.value;
  if (linked === null) {
    tourStop.value = null;
    return;
  }
  const { at } = linkState.peek();
  void bring(linked, {
    at: Number(at?.split(':').at(-1)) === linked.before ? linked.before : linked.commit,
    selection: selection.peek() ?? pinned(linked),
    span: span.peek() ?? spanOf(linked),
  });
}

export function showMoment(which: Moment): void {
  const here = stop.value;
  const there = arrival.value;
  if (here === null || there.state !== 'there') return;
  const at = which === 'after' ? here.commit : (here.before ?? here.commit);
  if (model.value?.machine === there.machine) goTo(at);
  else openMachine(there.machine, String(at));
}

/** Ends the tour, and goes back to where it began. */
export function endTour(): void {
  visited = null;
  tourStop.value = null;
  if (origin === null) return;
  const { machine, at, selection: chosen, span: shown, filter: words, beside } = origin;
  origin = null;
  batch(() => {
    if (machine !== null) openMachine(machine, at);
    select(chosen);
    showSpan(shown);
    filter.value = words;
    openBeside(beside);
  });
}

type Scenery = Pick<LinkState, 'selection' | 'span'> & { readonly at: number };

async function bring(to: Stop, scenery: Scenery): Promise<void> {
  arrival.value = { state: 'coming' };
  try {
    const machine = await machineFor(client, to, shipped);
    if (tourStop.value !== to.id) return;
    batch(() => {
      openMachine(machine, String(scenery.at));
      select(scenery.selection);
      showSpan(scenery.span);
      arrival.value = { state: 'there', machine };
    });
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if (tourStop.value !== to.id) return;
    const watchOnly = error instanceof ClientError && error.code === 'forbidden';
    arrival.value = { state: 'refused', message: error.message, watchOnly };
  }
}

const pinned = ({ select: what }: Stop): Selection =>
  what.kind === 'key' ? what : { kind: 'address', address: fromHex(what.address) };

const spanOf = ({ span: [start, end] }: Stop): LinkState['span'] => ({ start: fromHex(start), end: fromHex(end) });
