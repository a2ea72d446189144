/** The handle of time: over all curves, a slider that goes to any commit; with what has a place there: bookmarks, refusals. */
import { signal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { count } from '../../../protocol/count.ts';
import type { Scene } from '../model/scene.ts';
import { goTo } from '../state/app.ts';
import { type Axis, commitAt, shareOf } from './axis.ts';

/** Where the pointer wants to be while it drags: it is shown there before the picture is. */
const wish = signal<number | null>(null);
const pointed = signal<number | null>(null);

const percent = (share: number): string => `${share * 100}%`;

export function Rail({ scene, axis }: { readonly scene: Scene; readonly axis: Axis }) {
  const rail = useRef<HTMLDivElement>(null);
  const shown = wish.value ?? scene.commit;

  const under = ({ clientX }: PointerEvent): number => {
    const box = rail.current?.getBoundingClientRect();
    return box === undefined ? shown : commitAt(axis, (clientX - box.left) / box.width);
  };
  const drag = (event: PointerEvent): void => {
    const commit = under(event);
    if (wish.value === commit) return;
    wish.value = commit;
    goTo(commit);
  };
  /** The axis may not go that far yet. */
  const last = Math.max(axis.to, scene.head);
  const go = (commit: number): void => goTo(Math.min(last, Math.max(axis.from, commit)));
  const page = Math.max(1, Math.round((axis.to - axis.from) / 50));
  const keys: Readonly<Record<string, () => void>> = {
    ArrowLeft: () => go(scene.commit - 1),
    ArrowRight: () => go(scene.commit + 1),
    PageDown: () => go(scene.commit - page),
    PageUp: () => go(scene.commit + page),
    Home: () => go(axis.from),
    End: () => go(last),
  };

  return (
    <div
      ref={rail}
      class="time-rail"
      role="slider"
      tabIndex={0}
      aria-label="Position in the log"
      aria-valuemin={axis.from}
      aria-valuemax={last}
      aria-valuenow={shown}
      aria-valuetext={`commit ${shown} of ${last}`}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        drag(event);
      }}
      onPointerMove={(event) => {
        pointed.value = under(event);
        if (wish.value !== null) drag(event);
      }}
      onPointerUp={() => {
        wish.value = null;
      }}
      onPointerCancel={() => {
        wish.value = null;
      }}
      onPointerLeave={() => {
        pointed.value = null;
      }}
      onKeyDown={(event) => {
        const act = keys[event.key];
        if (act === undefined) return;
        event.preventDefault();
        event.stopPropagation();
        act();
      }}
    >
      {scene.summary.failures.map(({ commit, module, errno }) => (
        <i
          key={`${commit}`}
          class="time-refusal"
          style={{ left: percent(shareOf(axis, commit)) }}
          title={`commit ${commit}: ${module} ${errno}`}
        />
      ))}
      {scene.summary.bookmarks.map(({ name, at }) => (
        <i
          key={name}
          class="time-bookmark"
          style={{ left: percent(shareOf(axis, at)) }}
          title={`${name}, commit ${at}`}
        />
      ))}
      {pointed.value !== null && (
        <i class="time-pointed" style={{ left: percent(shareOf(axis, pointed.value)) }}>
          <span class="number">{count(pointed.value)}</span>
        </i>
      )}
      <i class="time-head" style={{ left: percent(shareOf(axis, shown)) }} />
    </div>
  );
}
