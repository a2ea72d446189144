/** What is shown: the machine, what it is made of, the position, and whether it is live. */
import { count } from '../../../protocol/count.ts';
import { Actions } from '../actions/actions.tsx';
import { goLive, model, scene } from '../state/app.ts';
import { TourButton } from '../tour/tour.tsx';
import { helpOpen } from './help.tsx';
import { ThemeSwitch } from './theme.tsx';

export function Header() {
  return (
    <header class="top">
      <h1>
        <a href="./">veneerd</a>
      </h1>
      <Actions />
      <Facts />
      <span class="grow" />
      <Where />
      <TourButton />
      <ThemeSwitch />
      <button
        type="button"
        class="quiet"
        aria-label="Keyboard shortcuts and help"
        title="Keyboard shortcuts and help (?)"
        onClick={() => {
          helpOpen.value = true;
        }}
      >
        ?
      </button>
    </header>
  );
}

function Facts() {
  const machine = scene.value?.summary.machine;
  if (!machine) return null;
  const { layout, arch, staticCall, kaslrSeed } = machine;
  return (
    <p class="facts">
      {layout} {arch}
      {staticCall && ` · ${staticCall}`}
      {kaslrSeed !== undefined && ` · KASLR ${kaslrSeed}`}
    </p>
  );
}

function Where() {
  const now = scene.value;
  if (now === null || now.epoch === '' || model.value === null) return null;
  const live = now.mode === 'live';
  return (
    <p class="where">
      <span class="number" data-testid="position">
        commit {count(now.commit)} of {count(now.head)}
      </span>
      <button
        type="button"
        class={`mode mode-${now.mode}`}
        aria-pressed={live}
        title={live ? 'This is the newest commit, and stays it' : 'Go to the newest commit, and stay there'}
        onClick={goLive}
      >
        <span aria-hidden="true">●</span> {live ? 'live' : now.mode}
      </button>
    </p>
  );
}
