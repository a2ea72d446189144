/** Two machines held side by side: lines as they come, a bounded number of them, and at the end what it adds up to. */
import { signal } from '@preact/signals';
import type { ComparedCommand, CompareSummary, Verdict } from '../../../protocol/compare/form.ts';
import type { MachineHandle } from '../../sdk/types.ts';
import { type Trouble, troubleOf } from '../ui/trouble.ts';
import { type Counterparts, openCounterparts } from './counterpart.ts';

/** Lines of one verdict that are kept; the others are counted. */
export const LINES_KEPT = 20_000;
/** Milliseconds between two pictures of it while lines come. */
const TELL_EVERY = 100;

export const VERDICTS: readonly Verdict[] = ['changed', 'only-a', 'only-b', 'moved', 'same'];

export interface Comparison {
  readonly a: string;
  readonly b: string;
  readonly counts: Readonly<Record<Verdict, number>>;
  /** In the order of the logs. Those of a verdict beyond LINES_KEPT are missing. */
  readonly lines: readonly ComparedCommand[];
  readonly counterparts: Counterparts;
  readonly summary: CompareSummary | null;
  readonly trouble: Trouble | null;
}

export const comparison = signal<Comparison | null>(null);

export interface Extent {
  readonly at?: string;
  readonly withAt?: string;
}

/** Fills `comparison` until it is whole or `signal` says stop. */
export async function compare(a: MachineHandle, b: string, extent: Extent, stop: AbortSignal): Promise<void> {
  const counts: Record<Verdict, number> = { changed: 0, 'only-a': 0, 'only-b': 0, moved: 0, same: 0 };
  const lines: ComparedCommand[] = [];
  const counterparts = openCounterparts();
  let told = 0;
  const tell = (end: Partial<Pick<Comparison, 'summary' | 'trouble'>> = {}): void => {
    if (stop.aborted) return;
    told = performance.now();
    comparison.value = {
      a: a.name,
      b,
      counts: { ...counts },
      lines,
      counterparts,
      summary: null,
      trouble: null,
      ...end,
    };
  };
  tell();
  try {
    for await (const line of a.compare(b, { ...extent, lines: 'all' })) {
      if (stop.aborted) return;
      if ('summary' in line) {
        tell({ summary: line.summary });
        return;
      }
      counterparts.take(line);
      if (counts[line.verdict]++ < LINES_KEPT) lines.push(line);
      if (performance.now() - told > TELL_EVERY) tell();
    }
  } catch (error) {
    tell({ trouble: troubleOf(error) });
  }
}
