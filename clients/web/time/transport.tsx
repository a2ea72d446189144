/** Play, pause, step, speed; to a position; a bookmark. */
import { signal } from '@preact/signals';
import { useState } from 'preact/hooks';
import { useShortcuts } from '../app/shortcuts.ts';
import type { Scene } from '../model/scene.ts';
import { goLive, goTo, model, scene } from '../state/app.ts';
import { when } from '../ui/when.ts';
import { Bookmarks } from './bookmarks.tsx';

const PACES = ['original', 'x2', 'x8', 'x32', 'x128', 'instant'] as const;
const PACE_WORDS: Readonly<Record<(typeof PACES)[number], string>> = {
  original: 'as it was',
  x2: '2 × as fast',
  x8: '8 × as fast',
  x32: '32 × as fast',
  x128: '128 × as fast',
  instant: 'at once',
};
const pace = signal<string>('original');

const step = (commits: number): void => model.value?.step(commits);

/** At the end of the log there is nothing to play: then it follows what comes. */
function playOrPause(): void {
  const now = scene.value;
  if (now === null) return;
  if (now.mode === 'live' || now.mode === 'playing') model.value?.pause();
  else if (now.commit >= now.head) goLive();
  else model.value?.play(pace.value);
}

function changePace(next: string): void {
  pace.value = next;
  if (scene.value?.mode === 'playing') model.value?.play(next);
}

const quicker = (by: number): void => {
  const at = PACES.indexOf(pace.value as (typeof PACES)[number]) + by;
  const next = PACES[Math.min(PACES.length - 1, Math.max(0, at))];
  if (next !== undefined) changePace(next);
};

export function Transport({ scene: { mode, commit, head, time } }: { readonly scene: Scene }) {
  useShortcuts(
    [
      { key: ' ', does: 'play or pause', act: playOrPause },
      { key: '.', does: 'one commit forward', act: () => step(1) },
      { key: ',', does: 'one commit back', act: () => step(-1) },
      { key: '>', does: 'play quicker', act: () => quicker(1) },
      { key: '<', does: 'play slower', act: () => quicker(-1) },
      { key: 'l', does: 'to the newest commit, and stay there (live)', act: goLive },
      { key: 'g', does: 'go to a position', act: () => document.getElementById('go-to')?.focus() },
    ],
    'Time',
  );
  const runs = mode === 'playing' || mode === 'live';
  const taken = time === 0 ? '' : when(time);
  return (
    <div class="transport">
      <button type="button" title="One commit back (,)" aria-label="One commit back" onClick={() => step(-1)}>
        ◀
      </button>
      <button
        type="button"
        class="transport-play"
        title={runs ? 'Pause (space)' : 'Play (space)'}
        aria-label={runs ? 'Pause' : 'Play'}
        onClick={playOrPause}
      >
        {runs ? '❚❚' : '▶'}
      </button>
      <button
        type="button"
        title="One commit forward (.)"
        aria-label="One commit forward"
        disabled={commit >= head}
        onClick={() => step(1)}
      >
        ▶
      </button>
      <label>
        <span class="sr-only">Speed</span>
        <select value={pace.value} title="Speed (< and >)" onChange={(event) => changePace(event.currentTarget.value)}>
          {PACES.map((name) => (
            <option key={name} value={name}>
              {PACE_WORDS[name]}
            </option>
          ))}
        </select>
      </label>
      <GoTo />
      <Bookmarks />
      <time class="number dim" dateTime={taken} title="when this commit was taken (UTC)">
        {taken}
      </time>
    </div>
  );
}

function GoTo() {
  const [text, setText] = useState('');
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        const wish = text.trim();
        if (wish === '') return;
        goTo(/^\d+$/.test(wish) ? Number(wish) : wish);
        setText('');
        event.currentTarget.querySelector('input')?.blur();
      }}
    >
      <input
        id="go-to"
        class="number"
        size={12}
        placeholder="go to 812"
        aria-label="Go to a position: a commit, -100, @bookmark"
        title="A commit, -100, @bookmark, EPOCH:812 (g)"
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
      />
    </form>
  );
}
