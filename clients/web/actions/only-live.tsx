/** Commands go to the newest commit, over a connection: said where the page has none, or shows an older commit, with what can be done. */
import { count } from '../../../protocol/count.ts';
import { isAway } from '../app/away.ts';
import { goLive, scene } from '../state/app.ts';
import { dialog, isLive } from './state.ts';

export function OnlyLive() {
  const now = scene.value;
  if (isAway.value) {
    return (
      <p class="note" role="note">
        There is no connection; commands wait until it is back.
      </p>
    );
  }
  if (isLive.value || now === null || now.mode === 'loading') return null;
  return (
    <div class="note" role="note">
      <p>
        You see commit <span class="number">{count(now.commit)}</span>, and the machine is at{' '}
        <span class="number">{count(now.head)}</span>. What has happened stays: a command goes to the newest commit.
      </p>
      <p class="form-end">
        <button type="button" onClick={goLive}>
          Go live
        </button>
        <button
          type="button"
          onClick={() => {
            dialog.value = 'fork';
          }}
        >
          Fork from here
        </button>
      </p>
    </div>
  );
}
