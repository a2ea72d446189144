/** The patch feed: what was written where, before and after, newest first up to the position. */
import { useShortcuts } from '../app/shortcuts.ts';
import { model } from '../state/app.ts';
import { Panel } from '../ui/panel.tsx';
import { FeedList } from './feed-list.tsx';
import './feed.css';
import { FilterBox } from './filter-box.tsx';
import { all, paused } from './state.ts';

const toggle = (which: typeof all): void => {
  which.value = !which.value;
};

export function Feed() {
  useShortcuts([{ key: 'z', does: 'hold the patch feed, or let it go on', act: () => toggle(paused) }], 'Patches');
  const now = model.value;
  return (
    <Panel
      id="feed"
      title="Patches"
      controls={
        <>
          <FilterBox />
          <button
            type="button"
            aria-pressed={all.value}
            title="Also show loads and failures, veneers written, and what else decides what becomes of a command"
            onClick={() => toggle(all)}
          >
            all events
          </button>
          <button
            type="button"
            aria-pressed={paused.value}
            title={paused.value ? 'Go on (z)' : 'Hold what is shown; what comes meanwhile is counted (z)'}
            onClick={() => toggle(paused)}
          >
            {paused.value ? 'held' : 'hold'}
          </button>
        </>
      }
    >
      {now !== null && <FeedList key={now.machine} model={now} />}
    </Panel>
  );
}
