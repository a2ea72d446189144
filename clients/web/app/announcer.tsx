/** Says what happened (ui/announce.ts). */
import { useEffect } from 'preact/hooks';
import { announcement, heard } from '../ui/announce.ts';

/** Milliseconds. A problem stays until the next word. */
const SHOWN_MS = 4000;

export function Announcer() {
  const said = announcement.value;
  useEffect(() => {
    if (said === null || said.kind === 'problem') return;
    const timer = setTimeout(() => {
      announcement.value = null;
    }, SHOWN_MS);
    return () => clearTimeout(timer);
  }, [said]);
  return (
    <>
      <div class="announcer" role="status" aria-live="polite">
        {said !== null && (
          <p class={said.kind} key={said.id}>
            {said.text}{' '}
            <button
              type="button"
              class="quiet"
              aria-label="Dismiss"
              onClick={() => {
                announcement.value = null;
              }}
            >
              ✕
            </button>
          </p>
        )}
      </div>
      <p class="sr-only" role="status" aria-live="polite" data-testid="heard">
        {heard.value}
      </p>
    </>
  );
}
