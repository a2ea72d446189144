/** The end of the list: how far back it was searched, and how to go on. */
import { count } from '../../../protocol/count.ts';
import type { FeedWindow } from '../model/feed/form.ts';
import { filter, goTo } from '../state/app.ts';
import { further } from './state.ts';

export function End({ window }: { readonly window: FeedWindow }) {
  const { older, floor, patches, notes, problem } = window;
  const rows = count(patches + notes);
  const commit = count(floor);
  const none = patches + notes === 0;
  const what = filter.value.trim() === '' ? 'patches' : 'matches';
  if (problem !== null)
    return (
      <p class="feed-end">
        What was before commit {commit} can't be read: {problem}
      </p>
    );
  switch (older) {
    case 'searching':
      return <p class="feed-end">Searched back to commit {commit} …</p>;
    case 'start':
      return (
        <p class="feed-end">
          {none ? `No ${what} up to this position.` : `That is all: ${rows} rows, back to the start of the log.`}
        </p>
      );
    case 'full':
      return (
        <p class="feed-end">
          <span class="number">{rows}</span> rows are kept, back to commit {commit}.{' '}
          <button type="button" onClick={() => goTo(floor)}>
            Go to commit {commit}
          </button>{' '}
          for older ones, or filter.
        </p>
      );
    case 'idle':
      return (
        <p class="feed-end">
          {none && `No ${what} yet. `}Searched back to commit {commit}.{' '}
          <button
            type="button"
            onClick={() => {
              further.value++;
            }}
          >
            Search further
          </button>
        </p>
      );
  }
}
