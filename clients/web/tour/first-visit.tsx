/** Whoever is here for the first time is offered the tour. */
import { signal } from '@preact/signals';
import { scene } from '../state/app.ts';
import { Callout } from '../ui/callout.tsx';
import { beginTour } from './guide.ts';
import { STOPS } from './stops.ts';

const KEY = 'veneerd-tour-offered';
const offered = signal(localStorage.getItem(KEY) !== null);

function remember(): void {
  offered.value = true;
  localStorage.setItem(KEY, 'yes');
}

export function FirstVisit() {
  if (offered.value || !scene.value?.epoch) return null;
  return (
    <Callout label="New here?" dismiss={remember}>
      <p>
        <strong>New here?</strong> A kernel loads its modules and patches its own calls, live. The tour shows what
        happens, in {STOPS.length} stops.
      </p>
      <button
        type="button"
        onClick={() => {
          remember();
          beginTour();
        }}
      >
        Take the tour
      </button>
    </Callout>
  );
}
