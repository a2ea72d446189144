/** What of the feed is shown, and whether it goes on. It outlives the panel, not the page. */
import { computed, signal } from '@preact/signals';
import { parseTerms } from '../model/feed/terms.ts';
import { filter } from '../state/app.ts';

/** Also events beside patches. */
export const all = signal(false);
export const paused = signal(false);
/** Commits whose rows are all shown. */
export const open = signal<readonly number[]>([]);
/** How often somebody asked for older commits. */
export const further = signal(0);

export const parsed = computed(() => parseTerms(filter.value));
