/** Keys and site_mods. */
import { scene } from '../state/app.ts';
import { Panel } from '../ui/panel.tsx';

export function Keys() {
  return (
    <Panel id="keys" title="Keys and site_mods">
      <p class="number">commit {scene.value?.commit}</p>
    </Panel>
  );
}
