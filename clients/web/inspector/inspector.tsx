/** The inspector: whatever is chosen, at the position of the page. */
import { useShortcuts } from '../app/shortcuts.ts';
import type { Arch } from '../asm/types.ts';
import type { Model } from '../model/model.ts';
import { model, scene, select, selection } from '../state/app.ts';
import { copy } from '../ui/copy.ts';
import { Panel } from '../ui/panel.tsx';
import { AddressView } from './address-view.tsx';
import { CopyIcon } from './facts.tsx';
import { back, canGoBack, canGoForward, forward } from './history.ts';
import { KeyView } from './key-view.tsx';
import { ModuleView } from './module-view.tsx';
import { Nothing } from './nothing.tsx';
import { PatchView } from './patch-view.tsx';
import { permalinkHere } from './permalink.ts';
import { SectionView } from './section-view.tsx';
import './inspector.css';
import './listing.css';
import './bits.css';
import './traces.css';
import './modules.css';

export function Inspector() {
  useShortcuts(
    [
      { key: '[', does: 'back to what was chosen before', act: back },
      { key: ']', does: 'forward again', act: forward },
      { key: 'c', does: 'copy a link to what is shown', act: copyLink },
    ],
    'Inspector',
  );
  const shown = model.value;
  return (
    <Panel id="inspector" title="Inspector" controls={<Controls />}>
      <div class="inspector">{shown !== null && <Chosen model={shown} />}</div>
    </Panel>
  );
}

const copyLink = (): void => copy(permalinkHere());

function Controls() {
  const chosen = selection.value !== null;
  return (
    <span class="inspector-controls">
      <button type="button" class="quiet" aria-label="Back" title="Back ([)" disabled={!canGoBack.value} onClick={back}>
        ←
      </button>
      <button
        type="button"
        class="quiet"
        aria-label="Forward"
        title="Forward (])"
        disabled={!canGoForward.value}
        onClick={forward}
      >
        →
      </button>
      <button type="button" class="quiet" aria-label="Copy a link to this" title="Copy a link (c)" onClick={copyLink}>
        <CopyIcon /> link
      </button>
      {chosen && (
        <button
          type="button"
          class="quiet"
          aria-label="Choose nothing"
          title="Choose nothing"
          onClick={() => select(null)}
        >
          ✕
        </button>
      )}
    </span>
  );
}

function Chosen({ model: shown }: { readonly model: Model }) {
  const what = selection.value;
  const arch: Arch = scene.value?.summary.machine?.arch ?? 'arm64';
  switch (what?.kind) {
    case undefined:
      return <Nothing model={shown} />;
    case 'module':
      return <ModuleView key={what.name} model={shown} name={what.name} />;
    case 'section':
      return <SectionView model={shown} arch={arch} module={what.module} section={what.section} />;
    case 'key':
      return <KeyView model={shown} arch={arch} name={what.name} />;
    case 'patch':
      return <PatchView arch={arch} id={what.id} />;
    case 'address':
      return <AddressView model={shown} arch={arch} address={what.address} />;
  }
}
