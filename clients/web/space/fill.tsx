/** How full the windows are, in numbers. */
import { share } from '../../../protocol/count.ts';
import type { Summary, WindowRow } from '../model/scene.ts';
import { Size } from '../ui/size.tsx';

export function Fill({ summary }: { readonly summary: Summary }) {
  return (
    <ul class="space-fill" aria-label="Fill of the windows">
      {summary.windows.map((window) => (
        <FillOf key={window.window} fill={window} />
      ))}
    </ul>
  );
}

function FillOf({ fill: { window, used, size, largestHole } }: { readonly fill: WindowRow }) {
  return (
    <li data-testid={`fill-${window}`}>
      <span class="dim">{window}</span> <Size size={used} /> <span class="dim">of</span> <Size size={size} />{' '}
      <span class="number">({share(used, size)})</span> <span class="dim">largest hole</span>{' '}
      <Size size={largestHole} />
    </li>
  );
}
