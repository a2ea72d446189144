/** All machines of this daemon: what the gateway asks. Machines that are not busy are forgotten, the oldest first. */
import type { Commit, Position } from '../../protocol/commit.ts';
import type { From } from '../../protocol/frames.ts';
import { HOT_MACHINES, OLDER_VIEWS, VERIFICATIONS } from '../limits.ts';
import type { MachineHead, MachineList } from '../log/log.ts';
import { type Answer, handle } from './command.ts';
import { type Differ, openDiffer } from './diff.ts';
import { type Forker, openForker } from './fork.ts';
import { type Inspector, openInspector } from './inspect.ts';
import { type MachineRuntime, openMachine, type Request, type World } from './machine.ts';
import { openMailbox } from './mailbox.ts';
import { done, noSuchMachine, type Outcome, refusedGone } from './outcome.ts';
import { checked, epochChanged, locate, type Wanted } from './position.ts';
import { appendRecorded } from './recorded.ts';
import { importSession } from './session.ts';
import { openSnapshots, type Snapshots } from './snapshots.ts';
import { openTimelines, type Timelines } from './timeline.ts';
import type { ViewForm, Views, ViewText } from './views.ts';

export interface Runtime {
  readonly world: World;
  machines(): Promise<MachineList>;
  head(name: string): Promise<Outcome<MachineHead>>;
  command(name: string, request: Request): Promise<Outcome<Answer>>;
  append(name: string, expected: Position | null, commits: readonly Commit[]): Promise<Outcome<Position>>;
  /** Makes machine `name` of a session file, plain or gzip; or nothing. */
  importSession(name: string, chunks: AsyncIterable<Uint8Array>): Promise<Outcome<Position>>;
  remove(name: string): Promise<Outcome<null>>;
  /** The newest unless told. Those at a position are made one after the other; beyond OLDER_VIEWS `too-busy`. */
  view(name: string, at?: number, form?: ViewForm): Promise<Outcome<ViewText>>;
  /** One module of a view, whole; as `view`. */
  module(name: string, module: string, at?: number): Promise<Outcome<ViewText>>;
  /** Where a position that somebody wrote is. */
  position(name: string, wanted: Wanted): Promise<Outcome<Position>>;
  bookmarks: (name: string) => ReturnType<Views['bookmarks']>;
  /** What differs between two positions, of one machine or of two. */
  readonly diff: Differ;
  /** What if. */
  readonly forks: Forker;
  /** Whether snapshots say what the log says; as verifySnapshots. A few may wait. */
  readonly verifySnapshots: Snapshots['verify'];
  /** Questions about addresses. */
  readonly inspect: Inspector;
  /** Figures over a machine's history. */
  readonly timeline: Timelines['ask'];
  /** Where a subscription from `from` begins. */
  locate(name: string, from: From): Promise<Outcome<Position>>;
  /** Takes no more writes; resolves when those that wait are done. */
  close(): Promise<void>;
}

export function openRuntime(outside: Omit<World, 'snapshots' | 'conflicts'>): Runtime {
  const snapshots = openSnapshots(outside.log, outside.mistake);
  const world: World = { ...outside, snapshots, conflicts: { retried: 0, givenUp: 0 } };
  const counting = world.hubs.appended.subscribe(snapshots.appended);
  /** Least recently used first. */
  const hot = new Map<string, MachineRuntime>();
  let closing = false;

  function machineOf(name: string): MachineRuntime {
    const machine = hot.get(name) ?? openMachine(world, name);
    hot.delete(name);
    hot.set(name, machine);
    for (const [other, { mailbox }] of hot) {
      if (hot.size <= HOT_MACHINES) break;
      if (mailbox.waiting === 0 && other !== name) hot.delete(other);
    }
    if (closing) void machine.mailbox.close();
    return machine;
  }

  async function head(name: string): Promise<Outcome<MachineHead>> {
    const found = await world.log.head(name);
    return found === undefined ? noSuchMachine(name) : done(found);
  }

  const position: Runtime['position'] = (name, wanted) => locate(world.log, machineOf(name).views, name, wanted);
  const forks = openForker(world, position);
  const timelines = openTimelines(world);
  const older = openMailbox(OLDER_VIEWS, world.mistake);
  const verifications = openMailbox(VERIFICATIONS, world.mistake);

  return {
    world,
    machines: () => world.log.list(),
    head,

    command(name, request) {
      const machine = machineOf(name);
      return machine.mailbox.post(() => handle(world, machine, request));
    },

    append(name, expected, commits) {
      const machine = machineOf(name);
      return machine.mailbox.post(() => appendRecorded(world, machine, expected, commits));
    },

    importSession: (name, chunks) => importSession(world, machineOf(name), chunks),

    remove(name) {
      const machine = machineOf(name);
      return machine.mailbox.post(async () => {
        const found = await head(name);
        if (!found.ok) return found;
        const result = await world.log.remove(name, found.value.epoch);
        machine.held = undefined;
        return result.status === 'removed' ? done(null) : refusedGone(name, result);
      });
    },

    view(name, at, form = 'whole') {
      const { views } = machineOf(name);
      return at === undefined ? views.newest(form) : older.post(() => views.at(at, form));
    },

    module(name, module, at) {
      const { views } = machineOf(name);
      return at === undefined ? views.module(module) : older.post(() => views.module(module, at));
    },

    position,
    bookmarks: (name) => machineOf(name).views.bookmarks(),
    diff: openDiffer((name) => machineOf(name).views, world.mistake),

    forks,

    verifySnapshots: (name, tell, signal) => verifications.post(() => snapshots.verify(name, tell, signal)),

    inspect: openInspector(world, (name) => hot.get(name)?.held),

    timeline: timelines.ask,

    async locate(name, from) {
      const found = await head(name);
      if (!found.ok) return found;
      const { epoch, head: newest } = found.value;
      if (from === 'now') return done({ epoch, commit: newest });
      const position = from === 'start' ? { epoch, commit: 0 } : from;
      if (position.epoch !== epoch) return epochChanged({ name, epoch }, position.epoch);
      return checked(found.value, position.commit);
    },

    async close() {
      closing = true;
      timelines.close();
      await Promise.all([forks.close(), ...[...hot.values()].map((machine) => machine.mailbox.close())]);
      counting.unsubscribe();
      await snapshots.close();
    },
  };
}
