/** Two machines side by side: which areas are elsewhere than in the other one, and which only one of them has. */
import type { Scene } from '../model/scene.ts';

/** Of one area: as in the other machine, at another address, not there at all. */
export const MARKS = ['same', 'moved', 'only here'] as const;

/** By area of `mine`, indices into MARKS. Areas are the same by module and part; lazily freed ones count as gone. */
export function marksOf(mine: Scene, other: Scene): Uint8Array {
  const there = new Map<string, number>();
  const name = ({ areas, names }: Scene, i: number): string => `${areas.part[i]} ${names[areas.module[i]!]}`;
  for (let i = 0; i < other.areas.address.length; i++) {
    if (other.areas.kind[i] !== LAZY) there.set(name(other, i), other.areas.address[i]!);
  }
  return Uint8Array.from(mine.areas.address, (address, i) => {
    const found = there.get(name(mine, i));
    if (found === undefined) return 2;
    return found === address ? 0 : 1;
  });
}

const LAZY = 2;
