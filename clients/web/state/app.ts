/** The state that all parts of the page share. Parts read signals and call the functions here; none knows another part. */
import { batch, computed, effect, signal } from '@preact/signals';
import { connect } from '../../sdk/index.ts';
import type { Client } from '../../sdk/types.ts';
import { type Model, openModel } from '../model/model.ts';
import { type LinkState, linkText, parseLink, type Span } from './link.ts';
import type { Selection } from './selection.ts';
import { token } from './token.ts';

/** For commands and questions over HTTP; each model has a connection of its own. */
export const client: Client = connect(location.origin, { ...(token !== undefined && { token }) });

/** The machine that is shown; null where there is none to show. */
export const model = signal<Model | null>(null);
/** The one that it is compared with. */
export const besideModel = signal<Model | null>(null);

export const selection = signal<Selection | null>(null);
/** What the pointer is on, lit everywhere until it leaves. */
export const hover = signal<Selection | null>(null);
/** What the address space shows; null: all of it. */
export const span = signal<Span | null>(null);
/** Whether nobody has said yet what of the machine's address space to show. */
export const justOpened = signal(false);
/** Of the patch feed. */
export const filter = signal('');
export const tourStop = signal<string | null>(null);
/** Where the picture that was asked for is: `at` of the link. Null: live. */
const wished = signal<string | null>(null);

/** The scene of the machine that is shown. */
export const scene = computed(() => model.value?.scene.value ?? null);

export function openMachine(name: string, at: string | null = null): void {
  if (model.value?.machine !== name) {
    model.value?.close();
    batch(() => {
      if (besideModel.value?.machine === name) openBeside(null);
      model.value = openModel(location.origin, name, token);
      selection.value = null;
      hover.value = null;
      span.value = null;
      justOpened.value = true;
    });
  }
  if (at === null) goLive();
  else goTo(at);
}

/** Shows no machine. */
export function closeMachine(): void {
  model.value?.close();
  batch(() => {
    model.value = null;
    selection.value = null;
    hover.value = null;
    span.value = null;
    wished.value = null;
  });
}

/** Nothing stands beside itself. */
export function openBeside(name: string | null): void {
  if (besideModel.value?.machine === name || (name !== null && model.value?.machine === name)) return;
  besideModel.value?.close();
  besideModel.value = name === null ? null : openModel(location.origin, name, token);
  besideModel.value?.live();
}

export function goLive(): void {
  wished.value = null;
  model.value?.live();
}

/** Any form of a position. */
export function goTo(at: number | string): void {
  const epoch = scene.value?.epoch;
  wished.value = typeof at === 'number' && epoch ? `${epoch}:${at}` : String(at);
  model.value?.goTo(at);
}

/** As a link says it: null leaves it to the first look. */
export function showSpan(next: LinkState['span']): void {
  span.value = next === 'all' ? null : next;
  justOpened.value = next === null;
}

export function select(next: Selection | null): void {
  selection.value = next;
}

/** Where the picture is, as a link says it: while it is live nothing, else its position; where that can't be, what was wished. */
const at = computed(() => {
  const now = scene.value;
  if (now === null || now.mode === 'loading' || model.value?.problem.value) return wished.value;
  return now.mode === 'live' ? null : `${now.epoch}:${now.commit}`;
});

export const linkState = computed<LinkState>(() => ({
  machine: model.value?.machine ?? null,
  at: at.value,
  selection: selection.value,
  span: span.value ?? (justOpened.value ? null : 'all'),
  filter: filter.value,
  beside: besideModel.value?.machine ?? null,
  tour: tourStop.value,
}));

/** Milliseconds: browsers refuse to have the address changed more often than some hundred times in half a minute. */
const LINK_EVERY = 300;

/** Restores what the page's address says, and keeps the address in step from then on. */
export function followLink(): void {
  restore(parseLink(location.search));
  addEventListener('popstate', () => restore(parseLink(location.search)));
  let timer: ReturnType<typeof setTimeout> | undefined;
  effect(() => {
    const text = linkText(linkState.value);
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (text !== location.search) history.replaceState(null, '', `${location.pathname}${text}`);
    }, LINK_EVERY);
  });
}

function restore(state: LinkState): void {
  batch(() => {
    if (state.machine !== null) openMachine(state.machine, state.at);
    selection.value = state.selection;
    showSpan(state.span);
    filter.value = state.filter;
    tourStop.value = state.tour;
    openBeside(state.beside);
  });
}
