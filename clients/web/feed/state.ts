/** What of the feed is shown, and whether it goes on. It outlives the panel, not the page. */
import { computed, effect, signal } from '@preact/signals';
import { parseTerms, type Terms } from '../model/feed/terms.ts';
import { filter } from '../state/app.ts';

/** Also events beside patches. */
export const all = signal(false);
export const paused = signal(false);
/** Commits whose rows are all shown. */
export const open = signal<readonly number[]>([]);
/** How often somebody asked for older commits. */
export const further = signal(0);

export const parsed = computed(() => parseTerms(filter.value));

/** Milliseconds: half a word is no filter. */
const TYPING = 200;

/** What is looked for: the terms that make sense, once nobody types any more. */
export const terms = signal<Terms>(parsed.peek().terms);
let timer: ReturnType<typeof setTimeout> | undefined;
effect(() => {
  const next = parsed.value.terms;
  clearTimeout(timer);
  timer = setTimeout(() => {
    terms.value = next;
  }, TYPING);
});
