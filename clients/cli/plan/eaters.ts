/** Which modules eat the windows. */
import type { PlannedModule } from '../../../daemon/headless/plan/plan.ts';

export interface Eater {
  /** Which of the plan's modules, from 0. */
  readonly index: number;
  readonly module: string;
  /** What it keeps, guard pages included. */
  readonly bytes: number;
  /** Of what all modules keep. */
  readonly share: number;
}

/** Those that load, largest first. */
export function eaters(modules: readonly PlannedModule[]): readonly Eater[] {
  const total = modules.reduce((sum, { keeps }) => sum + keeps, 0);
  return modules
    .map(({ module, keeps }, index) => ({ index, module, bytes: keeps, share: total === 0 ? 0 : keeps / total }))
    .filter(({ bytes }) => bytes > 0)
    .sort((a, b) => b.bytes - a.bytes || a.index - b.index);
}
