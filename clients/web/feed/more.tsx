/** The rest of a commit that has very many rows. */
import { count } from '../../../protocol/count.ts';
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
        <span aria-hidden="true">▸</span> {count(hidden)} more of commit #{count(commit)}
      </button>
    </p>
  );
}
