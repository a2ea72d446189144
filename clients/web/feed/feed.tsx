/** Patches. */
import { scene } from '../state/app.ts';
import { Panel } from '../ui/panel.tsx';

export function Feed() {
  return (
    <Panel id="feed" title="Patches">
      <p class="number">commit {scene.value?.commit}</p>
    </Panel>
  );
}
