/** The list: it asks the worker for the rows on the screen and shows what comes. Scrolled away from its top it holds still. */
import { useComputed } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import { count } from '../../../protocol/count.ts';
import type { FeedRow, FeedWindow } from '../model/feed/form.ts';
import type { Model } from '../model/model.ts';
import { scene } from '../state/app.ts';
import { type Placed, type Viewport, VirtualRows } from '../ui/virtual-rows.tsx';
import { CommitHead } from './commit-head.tsx';
import { End } from './end.tsx';
import { More } from './more.tsx';
import { NoteLine } from './note-line.tsx';
import { wanted } from './numbers.ts';
import { PatchRow } from './patch-row.tsx';
import { all, further, open, paused, terms } from './state.ts';

/** CSS pixels beyond the edges, so that quick scrolling shows no gaps. */
const SPARE = 320;
/** CSS pixels from the top within which somebody looks at the newest row. */
const AT_TOP = 8;
const END_HEIGHT = 60;

/** What is scrolled to. */
type Target = Viewport & { readonly id: string };
let tops = 0;
const theTop = (): Target => ({ id: `top ${++tops}`, top: 0, height: 0 });

export function FeedList({ model }: { readonly model: Model }) {
  const [view, setView] = useState<Viewport>({ top: 0, height: 600 });
  const [target, setTarget] = useState<Target>();
  const held = paused.value || view.top > AT_TOP;
  const show = wanted.value;
  const window = model.feed.value;
  const shown = window?.shown ?? null;
  const isLive = useComputed(() => scene.value?.mode === 'live');

  const top = Math.max(0, view.top - SPARE);
  const height = view.height + 2 * SPARE;
  useEffect(() => {
    model.wishFeed({
      terms: terms.value,
      all: all.value,
      held,
      further: further.value,
      open: open.value,
      top,
      height,
      show,
    });
  }, [model, terms.value, all.value, held, further.value, open.value, top, height, show]);
  // Other rows altogether begin at their top; what is chosen elsewhere has to be in sight, and may be one of many.
  useEffect(() => setTarget(theTop()), [window?.turn]);
  useEffect(() => {
    if (show !== null && !open.peek().includes(show.commit)) open.value = [...open.peek(), show.commit];
  }, [show?.commit]);
  useEffect(() => {
    if (shown !== null) setTarget(shown);
  }, [shown?.id]);

  if (window === null) return null;
  const resume = (): void => {
    paused.value = false;
    setTarget(theTop());
  };
  const rows: Placed[] = window.rows.map((row) => ({
    id: row.id,
    top: row.top,
    height: row.height,
    content: <Row row={row} window={window} />,
  }));
  rows.push({ id: 'end', top: window.height, height: END_HEIGHT, content: <End window={window} /> });
  return (
    <div class="feed">
      {held && window.waiting > 0 && (
        <button type="button" class="feed-new" onClick={resume}>
          <span class="number">{count(window.waiting)}</span> new <span aria-hidden="true">↑</span>
        </button>
      )}
      <VirtualRows
        label="Patches, newest first"
        height={window.height + END_HEIGHT}
        rows={rows}
        onView={setView}
        show={target}
      />
      <p class="sr-only" role="status">
        {isLive.value ? '' : `${count(window.patches)} patches up to commit ${window.through}`}
      </p>
    </div>
  );
}

function Row({ row, window }: { readonly row: FeedRow; readonly window: FeedWindow }) {
  switch (row.kind) {
    case 'commit':
      return <CommitHead row={row} />;
    case 'patch':
      return <PatchRow row={row} epoch={window.epoch} />;
    case 'note':
      return <NoteLine row={row} />;
    case 'more':
      return <More row={row} />;
  }
}
