/** The address space: the machine that is shown, and below it the one that it is compared with. */
import { signal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { useShortcuts } from '../app/shortcuts.ts';
import type { Model } from '../model/model.ts';
import { besideModel, model, scene } from '../state/app.ts';
import { Panel } from '../ui/panel.tsx';
import { Fill } from './fill.tsx';
import { Legend } from './legend.tsx';
import { motion, motionRefused, switchMotion } from './motion.ts';
import type { Space as SpaceState } from './space-state.ts';
import { SpaceView } from './space-view.tsx';
import { fitSelection, panBy, showAll, walk, zoomBy } from './walk.ts';
import './space.css';

const legend = signal(false);

export function Space() {
  const opened = useRef<SpaceState | undefined>(undefined);
  const act = (what: (space: SpaceState) => void) => (): void => {
    if (opened.current !== undefined) what(opened.current);
  };
  useShortcuts(
    [
      { key: '+', does: 'closer', act: act((space) => zoomBy(space, true)) },
      { key: '-', does: 'farther', act: act((space) => zoomBy(space, false)) },
      { key: 'w', does: 'closer', act: act((space) => zoomBy(space, true)) },
      { key: 's', does: 'farther', act: act((space) => zoomBy(space, false)) },
      { key: 'a', does: 'to lower addresses', act: act((space) => panBy(space, false)) },
      { key: 'd', does: 'to higher addresses', act: act((space) => panBy(space, true)) },
      { key: 'f', does: 'fit what is chosen', act: act(fitSelection) },
      { key: 'n', does: 'the next module', act: act((space) => walk(space, true)) },
      { key: 'p', does: 'the module before', act: act((space) => walk(space, false)) },
    ],
    'Address space',
  );
  const shown = model.value;
  const beside = besideModel.value;
  const summary = scene.value?.summary;
  return (
    <Panel
      id="space"
      title="Address space"
      controls={
        <>
          {summary && <Fill summary={summary} />}
          <span class="grow" />
          <Controls closer={act((space) => zoomBy(space, true))} farther={act((space) => zoomBy(space, false))} />
        </>
      }
    >
      <div class="space-views">
        {shown !== null && (
          <SpaceView
            key={`${shown.machine} ${beside?.machine}`}
            model={shown}
            other={beside}
            onOpen={(space) => {
              opened.current = space;
            }}
          />
        )}
        {beside !== null && <Beside model={beside} other={shown} />}
      </div>
      {legend.value && <Legend compared={beside !== null} />}
    </Panel>
  );
}

function Beside({ model: mine, other }: { readonly model: Model; readonly other: Model | null }) {
  const summary = mine.scene.value?.summary;
  return (
    <>
      <div class="space-beside">
        <h3>beside: {mine.machine}</h3>
        {summary && <Fill summary={summary} />}
      </div>
      <SpaceView key={`${mine.machine} ${other?.machine}`} model={mine} other={other} />
    </>
  );
}

function Controls({ closer, farther }: { readonly closer: () => void; readonly farther: () => void }) {
  return (
    <div class="space-controls">
      <button type="button" class="quiet" aria-label="Farther" title="Farther (-)" onClick={farther}>
        −
      </button>
      <button type="button" class="quiet" aria-label="Closer" title="Closer (+)" onClick={closer}>
        +
      </button>
      <button type="button" class="quiet" title="Show all of it (Escape)" onClick={showAll}>
        all
      </button>
      <button
        type="button"
        class="quiet"
        aria-pressed={motion.value}
        disabled={motionRefused.value}
        title={
          motionRefused.value
            ? 'The system asks for less motion: marks show what happened'
            : 'What happened moves, or is marked'
        }
        onClick={switchMotion}
      >
        motion
      </button>
      <button
        type="button"
        class="quiet"
        aria-expanded={legend.value}
        onClick={() => {
          legend.value = !legend.value;
        }}
      >
        legend
      </button>
    </div>
  );
}
