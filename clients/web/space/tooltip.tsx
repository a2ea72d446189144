/** What is under the pointer, beside the pointer. Screen readers hear it from the description instead. */
import type { Facts } from './facts.ts';

export interface TooltipProps {
  readonly facts: Facts;
  readonly x: number;
  readonly y: number;
  /** Of the box that it must stay in. */
  readonly width: number;
  readonly height: number;
}

const AWAY = 14;

export function Tooltip({ facts: { title, rows }, x, y, width, height }: TooltipProps) {
  const side = x > width / 2 ? { right: `${width - x + AWAY}px` } : { left: `${x + AWAY}px` };
  const end = y > height / 2 ? { bottom: `${height - y + AWAY}px` } : { top: `${y + AWAY}px` };
  return (
    <div class="space-tooltip" aria-hidden="true" style={{ ...side, ...end }}>
      <strong>{title}</strong>
      <dl>
        {rows.map(([label, value]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
