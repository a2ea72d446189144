/** A signed distance beside the reach that it has to fit in, as words and as the length of a bar. */
import { bytes, distance as signed } from '../../../protocol/size.ts';
import type { Range } from './types.ts';

export interface SignedDistance {
  /** `+122.6 MiB of ±128`; units that differ are both said: `+60 B of ±128 MiB`. */
  readonly text: string;
  /** `+122.6 MiB`, with a real minus sign. */
  readonly distance: string;
  /** How much of the reach in that direction is used, 0 to 1; 1 also beyond it. */
  readonly share: number;
  readonly inReach: boolean;
}

export function signedDistance(distance: number, reach: Range): SignedDistance {
  const words = signed(distance).replace('-', '−');
  const [value, unit] = bytes(Math.max(-reach.min, reach.max)).split(' ');
  const of = words.endsWith(` ${unit}`) ? `±${value}` : `±${value} ${unit}`;
  const bound = distance < 0 ? -reach.min : reach.max;
  const used = distance === 0 ? 0 : bound > 0 ? Math.abs(distance) / bound : 1;
  return {
    text: `${words} of ${of}`,
    distance: words,
    share: Math.min(1, used),
    inReach: distance >= reach.min && distance <= reach.max,
  };
}

/** `122.6 MiB ahead`, `64 B back`, `to itself`. */
export function direction(distance: number): string {
  if (distance === 0) return 'at this very instruction';
  return `${bytes(Math.abs(distance))} ${distance > 0 ? 'ahead' : 'back'}`;
}
