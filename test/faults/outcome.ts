/** What a run comes to: complaints, and figures of what happened while nothing went wrong. */
import type { Complaint, Kind } from './checker.ts';

export interface Tally {
  /** Commands that were answered. */
  done: number;
  /** Times that a command was sent. */
  sent: number;
  /** Answers that a daemon gave for the second time: the first one was lost on its way. */
  repeated: number;
  /** Commands refused because of the position that they expected. */
  refused: number;
  /** Times that a reader came back and resumed. */
  resumed: number;
  /** Commits read by readers. */
  seen: number;
  /** Sessions that were taken out of one machine and into another. */
  copied: number;
  /** Commits held against what clients know. */
  checked: number;
}

export interface Outcome {
  readonly tally: Tally;
  readonly complaints: readonly Complaint[];
  complain(kind: Kind, text: string): void;
  count(kind: Kind): number;
}

export function emptyOutcome(say: (text: string) => void): Outcome {
  const complaints: Complaint[] = [];
  return {
    tally: { done: 0, sent: 0, repeated: 0, refused: 0, resumed: 0, seen: 0, copied: 0, checked: 0 },
    complaints,
    complain(kind, text) {
      complaints.push({ kind, text });
      say(`${kind}: ${text}`);
    },
    count: (kind) => complaints.filter((complaint) => complaint.kind === kind).length,
  };
}
