/** Whether snapshots say what the log says: each is made once more of the commits before it, and compared. */
import type { SnapshotVerdict } from '../../protocol/snapshots.ts';
import type { EventLog } from '../log/log.ts';
import { decode, readThrough } from './entry.ts';
import { done, noSuchMachine, type Outcome, refuse } from './outcome.ts';
import { partLines, partText, readHeader, SnapshotFault } from './snapshots-codec.ts';
import { PARTS, type PartsOf } from './snapshots-parts.ts';
import { foldAll, nearest } from './snapshots-seek.ts';

const ALL: PartsOf<readonly unknown[]> = PARTS;

/** Commits between two looks at whether to stop. */
const STRETCH = 4096;

/** `tell` hears each verdict as it is found. When `signal` aborts the rest is refused. */
export async function verifySnapshots(
  log: EventLog,
  name: string,
  tell: (verdict: SnapshotVerdict) => void = () => {},
  signal?: AbortSignal,
): Promise<Outcome<readonly SnapshotVerdict[]>> {
  const machine = await log.head(name);
  if (machine === undefined) return noSuchMachine(name);
  const { epoch, first } = machine;
  let commit = 0;
  let values: unknown[] | undefined = first === 1 ? ALL.map((part) => part.empty()) : undefined;
  const verdicts: SnapshotVerdict[] = [];
  const found = (verdict: SnapshotVerdict): void => {
    verdicts.push(verdict);
    tell(verdict);
  };
  for (const number of await log.snapshots(name, epoch)) {
    // One that was made while the log was trimmed beyond it says nothing to anybody.
    if (number < first - 1) continue;
    const snapshot = await log.latestSnapshot(name, epoch, number);
    if (snapshot?.number !== number) continue;
    const { bytes } = snapshot;
    const of = { commit: number, bytes: bytes.length };
    if (values === undefined) {
      const base = await nearest(log, { ...machine, first: number + 1 }, number, ALL);
      if ('missing' in base) found({ ...of, result: 'unreadable', message: base.missing });
      else {
        found({ ...of, result: 'base' });
        ({ values } = base);
        commit = number;
      }
      continue;
    }
    const current = values;
    while (commit < number) {
      if (signal?.aborted) return refuse('shutting-down', `${name}: verifying stopped after commit ${commit}`);
      const upTo = Math.min(number, commit + STRETCH);
      const refused = await readThrough(log, machine, commit, upTo, (entry) => {
        foldAll(ALL, current, decode(name, entry));
      });
      if (refused !== undefined) return refused;
      commit = upTo;
    }
    found({ ...of, ...(await compare(number, bytes, current)) });
  }
  return done(verdicts);
}

async function compare(
  commit: number,
  bytes: Uint8Array,
  values: readonly unknown[],
): Promise<Pick<SnapshotVerdict, 'result' | 'message'>> {
  try {
    const { header } = readHeader(bytes);
    if (header.commit !== commit) return { result: 'unreadable', message: `it is of commit ${header.commit}` };
    for (const [i, part] of ALL.entries()) {
      const text = await partText(part.name, part.json(values[i]));
      const lines = await partLines(bytes, part.name);
      if (!lines.equals(text.lines)) return { result: 'differs', message: `${part.name}: the log gives another` };
    }
    return { result: 'same' };
  } catch (error) {
    if (!(error instanceof SnapshotFault)) throw error;
    return { result: 'unreadable', message: error.message };
  }
}
