/** Address space. */
import { scene } from '../state/app.ts';
import { Panel } from '../ui/panel.tsx';

export function Space() {
  return (
    <Panel id="space" title="Address space">
      <p class="number">commit {scene.value?.commit}</p>
    </Panel>
  );
}
