/** What a person does now: which dialog is open, what is under way, what the last command came to. */
import { computed, effect, signal } from '@preact/signals';
import { isAway } from '../app/away.ts';
import { scene } from '../state/app.ts';
import type { Intake, SourceFile } from './intake.ts';
import type { Result } from './result.ts';

export type DialogName = 'boot' | 'load' | 'unload' | 'update' | 'fork' | 'compare' | 'remove';

export const dialog = signal<DialogName | null>(null);
export const shut = (): void => {
  dialog.value = null;
};

export const machinesOpen = signal(false);

/** What the last command came to, until it is dismissed. */
export const result = signal<Result | null>(null);

// Whoever begins something else has read it.
effect(() => {
  if (dialog.value !== null) result.value = null;
});

/** Files on their way, or where they came to, until that is dismissed. */
export const intake = signal<Intake | null>(null);
/** Module files that wait for a machine, or for the page to be live. */
export const waiting = signal<readonly SourceFile[]>([]);

/** Commands go to the newest commit: whether that is what the page shows, and the daemon is there. */
export const isLive = computed(() => scene.value?.mode === 'live' && !isAway.value);
