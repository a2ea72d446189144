/** What went wrong, in a form or a list. */
import type { Trouble } from './trouble.ts';

export function TroubleNote({ trouble }: { readonly trouble: Trouble }) {
  return (
    <div class="note bad" role="alert">
      <p>{trouble.text}</p>
      {trouble.help !== '' && <p class="dim">{trouble.help}</p>}
    </div>
  );
}
