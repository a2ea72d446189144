/**
 * A log of any length as a machine in use writes it: a hundred of Debian's modules are loaded (the first commits of the demo
 * session), then small ones come and go, with a refusal now and then. What comes and goes leaves the state as it was, so that
 * the same commits, numbered anew, go on for ever, and any program can fold them.
 */
import { bytesOf } from '../../daemon/headless/session/file.ts';
import { linesOf } from '../../daemon/headless/session/lines.ts';
import { freeze } from '../../daemon/kernel/freeze.ts';
import { decide, evolve, initialState, type State } from '../../daemon/kernel/kernel.ts';
import type { EventLog, NewEntry } from '../../daemon/log/log.ts';
import { DEMO_SESSION } from '../../daemon/pipelines/demo.ts';
import type { Commit } from '../../protocol/commit.ts';
import { COMMIT_VERSION } from '../../protocol/commit-version.ts';
import { readSessionLine } from '../../protocol/session.ts';

export const EPOCH = 'bench000';
/** Modules that stay. */
const LOADED = 100;
/** Modules that come and go, and the most bytes that the load of one of them may have in the log. */
const COMING = 24;
const SMALL = 4500;
/** Commits that are staged together. */
const BATCH = 512;
const START = Date.UTC(2026, 0, 1);

/** What follows a commit's own number, time and id. */
interface LongLog {
  readonly beginning: readonly string[];
  readonly cycle: readonly string[];
}

/** Stages `count` commits and makes them the machine `name`; the bytes of their texts. */
export async function fillLog(log: EventLog, name: string, count: number): Promise<number> {
  const entryOf = await longEntries();
  const staging = log.stage(name, EPOCH);
  let batch: NewEntry[] = [];
  let bytes = 0;
  for (let number = 1; number <= count; number++) {
    const entry = entryOf(number);
    bytes += entry.text.length;
    batch.push(entry);
    if (batch.length < BATCH && number < count) continue;
    await staging.append(batch);
    batch = [];
  }
  const published = await staging.publish();
  if (published.status !== 'created') throw new Error(`${name}: ${published.status}`);
  return bytes;
}

/** Gives the commit of each number. */
export async function longEntries(): Promise<(number: number) => NewEntry> {
  const { beginning, cycle } = await longLog();
  return (number) => {
    const rest = beginning[number - 1] ?? cycle[(number - 1 - beginning.length) % cycle.length];
    const id = `bench-${number}`;
    const text = `{"v":${COMMIT_VERSION},"number":${number},"time":${START + number * 1000},"id":"${id}",${rest}`;
    return { id, text };
  };
}

async function longLog(): Promise<LongLog> {
  const beginning: string[] = [];
  const cycle: string[] = [];
  let state = initialState();
  let before = '';
  for await (const commit of demoCommits()) {
    if (beginning.length <= LOADED) {
      state = commit.events.reduce(evolve, state);
      beginning.push(restOf(commit));
      before = JSON.stringify(freeze(state));
    } else if (cycle.length < COMING * 3) {
      const more = comesAndGoes(state, commit, before);
      if (more) cycle.push(...more);
    } else break;
  }
  if (cycle.length < COMING * 3) throw new Error(`only ${cycle.length} commits come and go`);
  return { beginning, cycle };
}

/** A load, an unload and another that is refused; undefined where the load is large, or does not fit `state`. */
function comesAndGoes(state: State, load: Commit, before: string): readonly string[] | undefined {
  const [laidOut] = load.events.filter((event) => event.type === 'ModuleLaidOut');
  if (laidOut === undefined || restOf(load).length > SMALL) return undefined;
  const command = { type: 'unload', module: laidOut.module } as const;
  try {
    const there = load.events.reduce(evolve, state);
    const gone = decide(there, command, new Map());
    if (!gone.ok || JSON.stringify(freeze(gone.state)) !== before) return undefined;
    const refused = decide(gone.state, command, new Map());
    if (!refused.ok) return undefined;
    return [restOf(load), restOf({ command, events: gone.events }), restOf({ command, events: refused.events })];
  } catch {
    // Its memory is another's here: it was loaded when there were more.
    return undefined;
  }
}

const restOf = ({ command, events }: { readonly command: Commit['command']; readonly events: readonly unknown[] }) =>
  JSON.stringify({ command, events }).slice(1);

/** The commits of the session that ships with the program. */
export async function* demoCommits(): AsyncGenerator<Commit> {
  let number = 0;
  for await (const { text } of linesOf(bytesOf(DEMO_SESSION))) {
    const line = readSessionLine(++number, text);
    if (line.kind === 'commit') yield line.commit;
  }
}
