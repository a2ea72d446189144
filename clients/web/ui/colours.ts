/** The colours of tokens.css as a canvas takes them, of the theme that is on the screen. */
import { computed } from '@preact/signals';
import { shownTheme } from './theme.ts';

const NAMES = [
  'bg',
  'surface',
  'raised',
  'line',
  'text',
  'dim',
  'accent',
  'direct',
  'veneer',
  'veneers',
  'trapped',
  'none',
  'kernel',
  'module',
  'init',
  'lazy',
  'reserved',
  'hole',
  'flash',
] as const;

export type ColourName = (typeof NAMES)[number];

export const colours = computed<Readonly<Record<ColourName, string>>>(() => {
  void shownTheme.value;
  const probe = document.createElement('i');
  document.body.append(probe);
  const read = (name: ColourName): string => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const all = Object.fromEntries(NAMES.map((name) => [name, read(name)])) as Record<ColourName, string>;
  probe.remove();
  return all;
});
