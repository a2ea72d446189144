/** The rest of a commit that has very many rows. */
import type { MoreRow } from '../model/feed/form.ts';
import { open } from './state.ts';

export function More({ row: { commit, hidden } }: { readonly row: MoreRow }) {
  return (
    <p class="feed-more">
      <button
        type="button"
        class="quiet"
        onClick={() => {
          open.value = [...open.value, commit];
        }}
      >
        <span aria-hidden="true">▸</span> {hidden.toLocaleString('en')} more of commit #{commit.toLocaleString('en')}
      </button>
    </p>
  );
}
