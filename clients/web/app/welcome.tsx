/** No machine yet: what a machine is, and how to get one. */
import { pickFiles } from '../actions/open-files.tsx';
import { dialog } from '../actions/state.ts';

export function Welcome() {
  return (
    <section class="card" aria-labelledby="welcome-title">
      <h2 id="welcome-title">There is no machine yet</h2>
      <p>
        A machine is one simulated kernel: its module loader, its static calls, and a log of everything that they
        decide. Boot one, then drop module files on this page and watch where they land.
      </p>
      <p>
        <button
          type="button"
          class="main"
          onClick={() => {
            dialog.value = 'boot';
          }}
        >
          Boot a machine
        </button>
      </p>
      <p class="dim">
        Somebody’s recorded session (<code>.veneer.jsonl.gz</code>) is a machine, too: drop it here, or{' '}
        <button type="button" onClick={pickFiles}>
          open files
        </button>
        .
      </p>
    </section>
  );
}
