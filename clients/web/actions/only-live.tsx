/** Commands go to the newest commit: said where the page shows an older one, with what can be done about it. */
import { count } from '../../../protocol/count.ts';
import { goLive, scene } from '../state/app.ts';
import { dialog, isLive } from './state.ts';

export function OnlyLive() {
  const now = scene.value;
  if (isLive.value || now === null) return null;
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
