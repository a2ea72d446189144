/** The list: it asks the worker for the rows on the screen and shows what comes. Scrolled away from its top it holds still. */
import { useEffect, useState } from 'preact/hooks';
import type { FeedRow, FeedWindow } from '../model/feed/form.ts';
import type { Model } from '../model/model.ts';
import { scene, selection } from '../state/app.ts';
import { type Placed, type Viewport, VirtualRows } from '../ui/virtual-rows.tsx';
import { CommitHead } from './commit-head.tsx';
import { End } from './end.tsx';
import { More } from './more.tsx';
import { NoteLine } from './note-line.tsx';
import { PatchRow } from './patch-row.tsx';
import { all, further, open, paused, terms } from './state.ts';

/** CSS pixels beyond the edges, so that quick scrolling shows no gaps. */
const SPARE = 320;
/** CSS pixels from the top within which somebody looks at the newest row. */
const AT_TOP = 8;
const END_HEIGHT = 60;

export function FeedList({ model }: { readonly model: Model }) {
  const [view, setView] = useState<Viewport>({ top: 0, height: 600 });
  const [toTop, setToTop] = useState(0);
  const held = paused.value || view.top > AT_TOP;
  const chosen = selection.value;
  const show = chosen?.kind === 'patch' ? Number.parseInt(chosen.id, 10) : null;

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

  const window = model.feed.value;
  if (window === null) return null;
  const resume = (): void => {
    paused.value = false;
    setToTop((times) => times + 1);
  };
  const rows: Placed[] = window.rows.map((row) => ({
    id: row.id,
    top: row.top,
    height: row.height,
    content: <Row row={row} window={window} />,
  }));
  rows.push({ id: 'end', top: window.height, height: END_HEIGHT, content: <End window={window} /> });
  const place = toTop === 0 ? window.shown : { id: `top ${toTop}`, top: 0, height: 0 };
  return (
    <div class="feed">
      {held && window.waiting > 0 && (
        <button type="button" class="feed-new" onClick={resume}>
          <span class="number">{window.waiting.toLocaleString('en')}</span> new <span aria-hidden="true">↑</span>
        </button>
      )}
      <VirtualRows
        label="Patches, newest first"
        height={window.height + END_HEIGHT}
        rows={rows}
        onView={setView}
        show={place ?? undefined}
      />
      <p class="sr-only" role="status">
        {scene.value?.mode === 'live'
          ? ''
          : `${window.patches.toLocaleString('en')} patches up to commit ${window.through}`}
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
