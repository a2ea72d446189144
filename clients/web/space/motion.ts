/** Whether things move: unless the system asks for less, and as long as nobody switched it off. */
import { computed, signal } from '@preact/signals';

const KEY = 'veneerd-motion';
const less = matchMedia('(prefers-reduced-motion: reduce)');
const reduced = signal(less.matches);
less.addEventListener('change', () => {
  reduced.value = less.matches;
});
const wanted = signal(localStorage.getItem(KEY) !== 'off');

export const motion = computed(() => wanted.value && !reduced.value);
/** The system has the last word: there is nothing to switch. */
export const motionRefused = computed(() => reduced.value);

export function switchMotion(): void {
  wanted.value = !wanted.value;
  localStorage.setItem(KEY, wanted.value ? 'on' : 'off');
}
