/** Dark, light, or as the system has it. */
import { effect, signal } from '@preact/signals';

export const THEMES = ['system', 'dark', 'light'] as const;
export type Theme = (typeof THEMES)[number];
const KEY = 'veneerd-theme';

const kept = localStorage.getItem(KEY);
export const theme = signal<Theme>(THEMES.find((name) => name === kept) ?? 'system');

effect(() => {
  document.documentElement.dataset.theme = theme.value;
  localStorage.setItem(KEY, theme.value);
});

/** Which of the two is on the screen now; canvases draw by it. */
export const shownTheme = signal<'dark' | 'light'>('dark');
const dark = matchMedia('(prefers-color-scheme: dark)');
const look = (): void => {
  shownTheme.value = theme.value === 'system' ? (dark.matches ? 'dark' : 'light') : theme.value;
};
dark.addEventListener('change', look);
effect(look);
