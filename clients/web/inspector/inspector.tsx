/** Inspector. */
import { scene } from '../state/app.ts';
import { Panel } from '../ui/panel.tsx';

export function Inspector() {
  return (
    <Panel id="inspector" title="Inspector">
      <p class="number">commit {scene.value?.commit}</p>
    </Panel>
  );
}
