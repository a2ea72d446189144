/** Both machines at matching positions: when the one that is shown moves, the one beside it goes to the commit of the same command. */
import { computed, effect, signal } from '@preact/signals';
import { besideModel, goTo, model, scene } from '../state/app.ts';
import { comparison } from './comparison.ts';

/** A line that the one machine lacks: where both are to be while the main one is there. */
const held = signal<{ readonly main: number; readonly beside: number } | null>(null);

/** Where the machine beside has to be; null: live, or nothing is known yet. */
const wanted = computed(() => {
  const now = scene.value;
  const known = comparison.value;
  if (now === null || known === null || now.mode === 'loading' || now.machine !== known.a) return null;
  if (now.mode === 'live') return 'live';
  return held.value?.main === now.commit ? held.value.beside : known.counterparts.ofA(now.commit);
});

/** Both to where a line of the comparison is. */
export function goToLine(a: number | null, b: number | null): void {
  const known = comparison.value;
  if (known === null) return;
  const main = a ?? known.counterparts.ofB(b ?? 0);
  held.value = { main, beside: b ?? known.counterparts.ofA(main) };
  goTo(main);
}

/** As long as two machines are open. Returns what ends it. */
export function keepInStep(): () => void {
  return effect(() => {
    const to = wanted.value;
    const beside = besideModel.value;
    if (beside === null || to === null || model.value === null) return;
    if (to === 'live') beside.live();
    else beside.goTo(Math.min(to, beside.scene.peek()?.head || to));
  });
}
