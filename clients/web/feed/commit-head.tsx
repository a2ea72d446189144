/** The head of a commit's rows: which command it was, and when. */
import { count } from '../../../protocol/count.ts';
import { clock, moment } from '../../../protocol/moment.ts';
import type { CommitRow } from '../model/feed/form.ts';
import { goTo, scene } from '../state/app.ts';

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
        #{count(commit)}
      </button>
      <span class="clip" title={words}>
        {words}
      </span>
      <span class="grow" />
      {patches > 0 && (
        <span class="number" title={stops > 0 ? `${count(stops)} of them stop all CPUs` : undefined}>
          {count(patches)} {patches === 1 ? 'patch' : 'patches'}
        </span>
      )}
      <time class="number" dateTime={moment(time)} title={moment(time)}>
        {clock(time)}
      </time>
    </div>
  );
}
