/** The list: rows that the worker made for what is on the screen, moved by keys, animated where the list itself changed. */
import { useComputed } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import { count } from '../../../protocol/count.ts';
import type { Model } from '../model/model.ts';
import type { KeyRowsQuestion, Line } from '../model/queries/key-rows.ts';
import { useAnswer, useLastAnswer } from '../model/use-answer.ts';
import { scene, selection } from '../state/app.ts';
import { type Placed, type Viewport, VirtualRows } from '../ui/virtual-rows.tsx';
import { chosenHere } from './chosen.ts';
import { useComing } from './coming.ts';
import { KeyRow } from './key-row.tsx';
import { moveBy } from './move.ts';
import { OwnerRow } from './owner-row.tsx';
import { SiteRow } from './site-row.tsx';
import { open, openAll, search, sort } from './state.ts';

/** CSS pixels beyond the edges, so that quick scrolling shows no gaps. */
const SPARE = 240;

export function KeyRows({ model }: { readonly model: Model }) {
  const [view, setView] = useState<Viewport>({ top: 0, height: 600 });
  const list = useRef<HTMLDivElement>(null);
  const chosen = selection.value;
  const elsewhere = chosen !== chosenHere.peek() ? chosen : null;
  const reveal = useAnswer(model, 'reveal', elsewhere);
  useEffect(() => {
    if (reveal) openAll(reveal.open);
  }, [reveal?.show, elsewhere]);

  const question: KeyRowsQuestion = {
    search: search.value,
    sort: sort.value,
    open: [...open.value],
    top: Math.max(0, view.top - SPARE),
    height: view.height + 2 * SPARE,
    show: reveal?.show ?? null,
  };
  const answer = useLastAnswer(model, 'keyRows', question);
  const coming = useComing(answer);
  const arch = useComputed(() => scene.value?.summary.machine?.arch ?? 'arm64').value;

  useEffect(() => {
    const element = list.current;
    if (element === null || answer === undefined) return;
    const act = (event: KeyboardEvent): void => moveBy(event, element, answer.rows);
    element.addEventListener('keydown', act);
    return () => element.removeEventListener('keydown', act);
  }, [answer]);

  if (answer === undefined) return null;
  if (answer.found === 0) {
    return (
      <p class="keys-none">
        None of {count(answer.keys)} keys, and no module in their lists, is called “{search.value}”.
      </p>
    );
  }
  const content = (line: Line) => {
    switch (line.kind) {
      case 'key':
        return <KeyRow line={line} />;
      case 'owner':
        return <OwnerRow line={line} fresh={coming.fresh(line)} />;
      case 'site':
        return <SiteRow line={line} arch={arch} />;
    }
  };
  const rows: Placed[] = answer.rows.map((line) => ({ ...line, content: content(line) }));
  for (const line of coming.gone) rows.push({ ...line, id: `gone ${line.id}`, gone: true, content: content(line) });
  return (
    <div class={coming.moving ? 'keys-list moving' : 'keys-list'} ref={list}>
      <VirtualRows
        label={`${count(answer.found)} keys`}
        height={answer.height}
        rows={rows}
        onView={setView}
        show={answer.shown === null || elsewhere === null ? undefined : answer.shown}
      />
    </div>
  );
}
