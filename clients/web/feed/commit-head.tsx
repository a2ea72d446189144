/** The head of a commit's rows: which command it was, and when. */
import type { CommitRow } from '../model/feed/form.ts';
import { goTo, scene } from '../state/app.ts';
import { timeText } from './time-text.ts';

export function CommitHead({ row }: { readonly row: CommitRow }) {
  const { commit, words, patches, stops, time } = row;
  const here = scene.value?.commit === commit;
  return (
    <div class="commit-head">
      <button
        type="button"
        class="link number"
        aria-current={here ? 'true' : undefined}
        title={here ? `The page is at commit ${commit}` : `Go to commit ${commit}`}
        onClick={() => goTo(commit)}
      >
        #{commit.toLocaleString('en')}
      </button>
      <span class="clip" title={words}>
        {words}
      </span>
      <span class="grow" />
      {patches > 0 && (
        <span class="number" title={stops > 0 ? `${stops.toLocaleString('en')} of them stop all CPUs` : undefined}>
          {patches.toLocaleString('en')} {patches === 1 ? 'patch' : 'patches'}
        </span>
      )}
      <time class="number" dateTime={new Date(time).toISOString()} title={new Date(time).toISOString()}>
        {timeText(time)}
      </time>
    </div>
  );
}
