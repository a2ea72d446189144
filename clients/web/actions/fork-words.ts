/** What became of a fork's commands, in words. */
import { count, counted } from '../../../protocol/count.ts';
import type { ForkCounts } from '../../../protocol/fork.ts';

export function forkWords({ copied, decided, refused, added, leftOut }: ForkCounts): string {
  const words = [
    ...(copied > 0 ? [`${counted(copied, 'commit')} as they were`] : []),
    `${count(decided)} decided anew`,
    ...(refused > 0 ? [`${count(refused)} made no sense`] : []),
    ...(leftOut > 0 ? [`${count(leftOut)} left out`] : []),
    ...(added > 0 ? [`${count(added)} added`] : []),
  ];
  return words.join(', ');
}
