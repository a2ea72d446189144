/**
 * Timelines of machines: made of one pass over the log when first asked for, kept up by reading what is new when they are
 * asked for again. Those who ask for one machine at the same time share the pass; it stops when none of them is there any
 * more, and the next one goes on from where it stopped.
 */
import type { Commit } from '../../protocol/commit.ts';
import { type Gauge, openGauge } from '../../protocol/view/gauge.ts';
import {
  newSeries,
  type Series,
  seriesFrom,
  TIMELINE_POINTS_MAX,
  type Timeline,
  type TimelineAnswer,
  until,
} from '../../protocol/view/timeline.ts';
import type { View } from '../../protocol/view/types.ts';
import { INSPECTIONS, TIMELINES } from '../limits.ts';
import { StoreError } from '../log/errors.ts';
import type { Entry, MachineHead } from '../log/log.ts';
import { decode, readThrough } from './entry.ts';
import { Stopped } from './fork-walk.ts';
import type { World } from './machine.ts';
import { openMailbox } from './mailbox.ts';
import { done, noSuchMachine, type Outcome, type Refusal, refuse, trimmed } from './outcome.ts';
import { checked } from './position.ts';
import { VIEW } from './snapshots-parts.ts';
import { nearest } from './snapshots-seek.ts';

export interface TimelineQuestion {
  readonly machine: string;
  /** Up to this commit; the newest unless told. */
  readonly at: number | undefined;
  /** Buckets at most. */
  readonly points: number;
}

export interface Timelines {
  /** `signal` aborts when nobody waits for the answer any more. Throws a StoreError. */
  ask(question: TimelineQuestion, signal: AbortSignal): Promise<Outcome<TimelineAnswer>>;
  /** Makes no more. */
  close(): void;
}

/** Buckets of a timeline that is kept: more than in any answer, so that those up to earlier positions are fine enough too. */
const KEPT = 2 * TIMELINE_POINTS_MAX;

/** Attempts at a machine that is trimmed, or made anew, meanwhile. */
const ATTEMPTS = 3;
const CHANGED: ReadonlySet<string> = new Set(['position-ahead', 'position-trimmed', 'epoch-changed']);

/** How far a machine's log was read. */
interface Progress {
  commit: number;
  /** Of that commit; undefined where nobody knows it. */
  id: string | undefined;
  readonly gauge: Gauge;
  readonly series: Series;
}

interface Kept {
  readonly epoch: string;
  /** The first commit of the log: its timeline begins there. */
  readonly first: number;
  progress: Progress | undefined;
  pass: Promise<Refusal | undefined> | undefined;
  /** Of those who wait for the pass. */
  readonly waiting: Set<AbortSignal>;
}

export function openTimelines(world: World): Timelines {
  const { log, snapshots, mistake } = world;
  /** Least recently used first. */
  const kept = new Map<string, Kept>();
  const cuts = openMailbox(INSPECTIONS, mistake);
  let closed = false;

  /** What is kept of the machine as it is now; undefined where as many as may be are under way. */
  function keptOf({ name, epoch, first }: MachineHead): Kept | undefined {
    const known = kept.get(name);
    kept.delete(name);
    const isOfNow = known?.epoch === epoch && known.first === first;
    for (const [other, { pass }] of kept) {
      if (kept.size < TIMELINES) break;
      if (pass === undefined) kept.delete(other);
    }
    if (kept.size >= TIMELINES) return undefined;
    const mine = isOfNow
      ? known
      : { epoch, first, progress: undefined, pass: undefined, waiting: new Set<AbortSignal>() };
    kept.set(name, mine);
    return mine;
  }

  function forget(name: string, what: Kept): void {
    if (kept.get(name) === what) kept.delete(name);
  }

  /** Reads on until `upTo` is in. */
  async function catchUp(
    mine: Kept,
    machine: MachineHead,
    upTo: number,
    signal: AbortSignal,
  ): Promise<Outcome<Progress>> {
    mine.waiting.add(signal);
    try {
      while (mine.progress === undefined || mine.progress.commit < upTo) {
        if (closed || signal.aborted) return givenUp();
        mine.pass ??= pass(mine, machine, upTo).finally(() => {
          mine.pass = undefined;
        });
        const refused = await mine.pass;
        if (refused !== undefined) return refused;
      }
      return done(mine.progress);
    } finally {
      mine.waiting.delete(signal);
    }
  }

  async function pass(mine: Kept, machine: MachineHead, upTo: number): Promise<Refusal | undefined> {
    const { name } = machine;
    try {
      if (mine.progress === undefined) {
        const base = await beginning(machine);
        if (!base.ok) return base;
        mine.progress = base.value;
      }
      const { progress } = mine;
      const each = (entry: Entry): void => {
        if (closed || [...mine.waiting].every((signal) => signal.aborted)) throw new Stopped(givenUp());
        take(progress, decode(name, entry));
      };
      return await readThrough(log, machine, progress.commit, upTo, each, progress.id);
    } catch (error) {
      // Who came when it had stopped already begins another one.
      if (error instanceof Stopped) return undefined;
      forget(name, mine);
      throw error;
    }
  }

  /** Before the first commit that is kept. */
  async function beginning(machine: MachineHead): Promise<Outcome<Progress>> {
    const { name, first } = machine;
    const base = await nearest(log, machine, first - 1, [VIEW] as const);
    if ('missing' in base) {
      const now = await log.head(name);
      if (now !== undefined && now.first > first) return trimmed(name, now.first, first - 1);
      throw new StoreError('store-corrupt', `${name}: no state before commit ${first} to go on from: ${base.missing}`);
    }
    const [view] = base.values as unknown as [View];
    return done({ commit: base.commit, id: base.id, gauge: openGauge(view), series: newSeries(KEPT, first) });
  }

  /** Whether the log still has the commit that was read last. */
  async function isThere({ name, epoch }: MachineHead, { commit, id }: Progress): Promise<boolean> {
    return (await log.read(name, epoch, { after: commit, afterId: id, limit: 1 })).status === 'page';
  }

  /** The timeline up to `commit`, which was read: what lies within a bucket is read once more. */
  async function cut({ name, epoch }: MachineHead, whole: Timeline, commit: number): Promise<Outcome<Timeline>> {
    const last = whole.buckets.to.at(-1) ?? whole.first - 1;
    if (last === commit) return done(whole);
    const sought = await snapshots.seek(name, last, [VIEW] as const);
    if (!sought.ok) return sought;
    const { id, values } = sought.value;
    const rest: Progress = { commit: last, id, gauge: openGauge(values[0]), series: seriesFrom(KEPT, whole) };
    const each = (entry: Entry): void => take(rest, decode(name, entry));
    const refused = await readThrough(log, { name, epoch }, last, commit, each, id);
    return refused ?? done(rest.series.timeline(KEPT));
  }

  /** `changed`: the log is another one than it was a moment ago. */
  async function attempt(
    { machine: name, at, points }: TimelineQuestion,
    signal: AbortSignal,
  ): Promise<Outcome<TimelineAnswer> | 'changed'> {
    const machine = await log.head(name);
    if (machine === undefined) return noSuchMachine(name);
    const position = checked(machine, at ?? machine.head);
    if (!position.ok) return position;
    const { epoch, commit: wanted } = position.value;
    const mine = keptOf(machine);
    if (mine === undefined) return refuse('too-busy', `the timelines of ${TIMELINES} machines are being made`);
    const caughtUp = await catchUp(mine, machine, wanted, signal);
    if (!caughtUp.ok && !CHANGED.has(caughtUp.error.code)) return caughtUp;
    if (!caughtUp.ok || !(await isThere(machine, caughtUp.value))) {
      forget(name, mine);
      return 'changed';
    }
    const { series, commit } = caughtUp.value;
    if (at === undefined || at === commit) return done({ position: { epoch, commit }, ...series.timeline(points) });
    const whole = until(series.timeline(KEPT), at);
    const exact = await cuts.post(() => cut(machine, whole, at));
    if (!exact.ok) return CHANGED.has(exact.error.code) ? 'changed' : exact;
    return done({ position: position.value, ...seriesFrom(points, exact.value).timeline(points) });
  }

  return {
    async ask(question, signal) {
      for (let n = 1; n <= ATTEMPTS; n++) {
        const answered = await attempt(question, signal);
        if (answered !== 'changed') return answered;
      }
      return refuse('too-busy', `${question.machine} was trimmed or made anew again and again meanwhile`);
    },

    close() {
      closed = true;
      void cuts.close();
    },
  };
}

function take(progress: Progress, commit: Commit): void {
  progress.gauge.fold(commit);
  progress.series.add(commit, progress.gauge.figures());
  progress.commit = commit.number;
  progress.id = commit.id;
}

const givenUp = (): Refusal => refuse('shutting-down', 'the timeline was given up');
