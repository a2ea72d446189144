/** Time. */
import { scene } from '../state/app.ts';
import { Panel } from '../ui/panel.tsx';

export function Time() {
  return (
    <Panel id="time" title="Time">
      <p class="number">commit {scene.value?.commit}</p>
    </Panel>
  );
}
