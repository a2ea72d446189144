/** The end of a run: what happened by kind of fault, what was counted, and the line that says whether all was well. */
import type { Outcome } from './outcome.ts';
import type { Round } from './run.ts';

export interface Result {
  readonly store: string;
  readonly rounds: readonly Round[];
  readonly outcome: Outcome;
}

/** Seconds, to a tenth. */
const seconds = (ms: number): string => (ms / 1000).toFixed(1);

/** Rounds by store and kind, with the median and the longest recovery. */
export function table(results: readonly Result[]): string {
  const rows: string[][] = [['store', 'fault', 'rounds', 'well again after (s)', 'at most']];
  for (const { store, rounds } of results) {
    for (const kind of [...new Set(rounds.flatMap(({ kinds }) => kinds))].sort()) {
      const times = rounds
        .flatMap((round) => (round.kinds.includes(kind) ? [round.recovery] : []))
        .sort((a, b) => a - b);
      const median = times[Math.floor(times.length / 2)] ?? 0;
      rows.push([store, kind, String(times.length), seconds(median), seconds(times.at(-1) ?? 0)]);
    }
  }
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd((widths[column] ?? 0) + 2))
        .join('')
        .trimEnd(),
    )
    .join('\n');
}

export function figures({ store, outcome: { tally } }: Result): string {
  const { done, sent, repeated, refused, resumed, seen, copied, checked } = tally;
  const said = [
    `${done} commands done, sent ${sent} times`,
    `${repeated} answered a second time`,
    `${refused} refused at their position`,
    `${seen} commits seen by readers that resumed ${resumed} times`,
    `${copied} sessions copied`,
    `${checked} commits checked`,
  ];
  return `${store}: ${said.join(', ')}`;
}

export interface Verdict {
  /** Whether all was well. */
  readonly ok: boolean;
  readonly rounds: number;
  /** The last lines of the run. */
  readonly text: string;
}

export function verdict(results: readonly Result[]): Verdict {
  const count = (kind: 'lost' | 'duplicated' | 'torn' | 'disordered' | 'broken'): number =>
    results.reduce((sum, { outcome }) => sum + outcome.count(kind), 0);
  const rounds = results.reduce((sum, result) => sum + result.rounds.length, 0);
  const ok = results.every(({ outcome }) => outcome.complaints.length === 0);
  const lines = results.flatMap(({ store, outcome }) =>
    outcome.complaints.map(({ kind, text }) => `${store}: ${kind}: ${text}`),
  );
  if (count('disordered') > 0) lines.push(`${count('disordered')} times the order differed`);
  if (count('broken') > 0) lines.push(`${count('broken')} times something broke`);
  lines.push(`${rounds} rounds: ${count('lost')} lost, ${count('duplicated')} duplicated, ${count('torn')} torn`);
  return { ok, rounds, text: lines.join('\n') };
}
