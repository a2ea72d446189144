/** The lines beside a listing, drawn: from each branch to the row that it leads to. */
import type { Drawn } from './gutter.ts';

/** CSS pixels between two lanes, and from the last one to the code. */
const LANE = 6;
const HEAD = 7;

export const jumpsWidth = (jumps: readonly Drawn[]): number =>
  jumps.length === 0 ? 0 : HEAD + LANE * (1 + Math.max(...jumps.map(({ lane }) => lane)));

/** Rows are one unit high, so that the style sheet alone says how high a row is. */
export function Jumps({ jumps, rows }: { readonly jumps: readonly Drawn[]; readonly rows: number }) {
  if (jumps.length === 0) return null;
  const width = jumpsWidth(jumps);
  return (
    <svg class="jumps" viewBox={`0 0 ${width} ${rows}`} preserveAspectRatio="none" aria-hidden="true">
      {jumps.map(({ from, to, lane, colour }) => {
        const x = width - HEAD - lane * LANE;
        return (
          <g key={`${from} ${to}`} class={`jump jump-${colour}`}>
            <path d={`M${width} ${from + 0.5}H${x}V${to + 0.5}H${width}`} />
            <path class="head" d={`M${width - 4} ${to + 0.3}L${width} ${to + 0.5}L${width - 4} ${to + 0.7}`} />
          </g>
        );
      })}
    </svg>
  );
}
