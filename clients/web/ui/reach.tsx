/** A signed distance beside the reach of one branch, in words and as a tiny bar. */
import { count } from '../../../protocol/count.ts';
import './figures.css';
import { type SignedDistance, signedDistance } from '../asm/distance.ts';
import type { Arch, Range } from '../asm/types.ts';

/** Bytes that a call instruction can bridge: arm64's 26-bit word offset, x86-64's rel32. */
export const REACH: Readonly<Record<Arch, Range>> = {
  arm64: { min: -(2 ** 27), max: 2 ** 27 - 4 },
  'x86-64': { min: -(2 ** 31), max: 2 ** 31 - 1 },
};

export const reachOf = (arch: Arch, distance: number): SignedDistance => signedDistance(distance, REACH[arch]);

export interface ReachProps {
  readonly arch: Arch;
  readonly distance: number;
  /** Without the words `of ±128`. */
  readonly short?: boolean;
}

export function Reach({ arch, distance, short = false }: ReachProps) {
  const { text, distance: signed, share, inReach } = reachOf(arch, distance);
  return (
    <span class={inReach ? 'reach' : 'reach far'} title={`${text}: ${count(distance)} bytes`}>
      <span class="reach-bar" aria-hidden="true">
        <span style={{ inlineSize: `${share * 100}%` }} />
      </span>
      <span class="number">{short ? signed : text}</span>
      {!inReach && <span class="sr-only"> out of reach</span>}
    </span>
  );
}
