/** Whether the daemon does not answer: the last picture stays, and says that it is the last. */
import { effect, signal } from '@preact/signals';
import { model } from '../state/app.ts';

/** Milliseconds: every connection begins with a moment without one, which is not worth a word. */
const PATIENT_MS = 300;

export const isAway = signal(false);

let timer: ReturnType<typeof setTimeout> | undefined;
effect(() => {
  clearTimeout(timer);
  if (model.value?.connection.value !== 'connecting') isAway.value = false;
  else {
    timer = setTimeout(() => {
      isAway.value = true;
    }, PATIENT_MS);
  }
});
