/**
 * What happened to modules, in order: the trace's loads, frees and requests, and the modules that are there now. The order
 * of a load is that of its module_load event; without one it is the place in /proc/modules, which lists newest first.
 */
import type { EventOf } from '../../../protocol/events/index.ts';
import type { Trace, TraceEvent } from '../../../protocol/host/trace.ts';

type Load = Extract<TraceEvent, { what: 'load' }>;
type Free = Extract<TraceEvent, { what: 'free' }>;
type Request = Extract<TraceEvent, { what: 'request' }>;

/** One life of a module, from its load to its end. */
export interface Life {
  readonly module: string;
  readonly load: Load | undefined;
  free: Free | undefined;
  /** Whether the listing at the end shows this life. */
  listed: boolean;
  /** Its init function returned, and references to it changed after that. */
  returned: boolean;
  lived: boolean;
}

const born = (module: string, load?: Load): Life => {
  return { module, load, free: undefined, listed: false, returned: false, lived: false };
};

export type Step =
  | { readonly what: 'load'; readonly life: Life; readonly how: EventOf<'HostModuleLoaded'>['how'] }
  | { readonly what: 'free'; readonly life: Life; readonly why: EventOf<'HostModuleFreed'>['why'] }
  | { readonly what: 'request'; readonly request: Request };

export interface Story {
  readonly steps: readonly Step[];
  /** Where trace and listing do not fit together. */
  readonly doubts: readonly string[];
}

/** `listed`: what is loaded at the end, oldest first; undefined where nobody could look. */
export function tell(trace: Trace | undefined, listed: readonly string[] | undefined): Story {
  const events = inOrder(trace?.events ?? []);
  const alive = new Map<string, Life>();
  /** The last load or free of each task. */
  const lastOf = new Map<number, TraceEvent>();
  const before: Life[] = [];
  const steps: Step[] = [];
  const doubts: string[] = [];
  const touched = new Set<string>();
  for (const event of events) {
    if (event.what === 'request') {
      steps.push({ what: 'request', request: event });
      continue;
    }
    const present = alive.get(event.module);
    if (event.what === 'get' || event.what === 'put') {
      if (present) refer(present, event);
      continue;
    }
    const last = lastOf.get(event.pid);
    lastOf.set(event.pid, event);
    touched.add(event.module);
    if (event.what === 'load') {
      if (present) {
        doubts.push(`${event.module} is loaded at ${event.at} and was not seen to leave before`);
        steps.push({ what: 'free', life: present, why: 'unseen' });
      }
      const life = born(event.module, event);
      alive.set(event.module, life);
      steps.push({ what: 'load', life, how: 'traced' });
      continue;
    }
    const life = present ?? born(event.module);
    if (!present) before.push(life);
    life.free = event;
    alive.delete(event.module);
    steps.push({ what: 'free', life, why: ownEnd(life, last) ? 'init-failed' : 'unloaded' });
  }

  const early = before.map((life): Step => ({ what: 'load', life, how: 'inferred' }));
  const late: Step[] = [];
  for (const module of listed ?? []) {
    const present = alive.get(module);
    if (present) {
      present.listed = true;
      continue;
    }
    const life = { ...born(module), listed: true };
    (touched.has(module) ? late : early).push({ what: 'load', life, how: 'listed' });
    if (touched.has(module)) doubts.push(`${module} is there again, and its last load was not traced`);
  }
  for (const life of listed ? alive.values() : []) {
    if (life.listed) continue;
    doubts.push(
      `${life.module} was loaded at ${life.load?.at} and is not listed: it left unseen, or the trace is newer`,
    );
    late.push({ what: 'free', life, why: 'unseen' });
  }
  return { steps: [...early, ...steps, ...late], doubts };
}

/** Buffers of several CPUs can come one after the other: time decides, and where it is equal the order of the file. */
function inOrder(events: readonly TraceEvent[]): readonly TraceEvent[] {
  const times = events.map(({ at }) => Number(at));
  if (times.every((time, i) => i === 0 || time >= (times[i - 1] ?? 0))) return events;
  return events
    .map((event, i) => ({ event, time: times[i] ?? 0 }))
    .sort((a, b) => a.time - b.time)
    .map(({ event }) => event);
}

/**
 * Whether the load itself gave the module back because its init failed: the same task did both, and loaded or freed nothing
 * else in between. A reference that changed after its init returned shows that it lived.
 */
function ownEnd(life: Life, last: TraceEvent | undefined): boolean {
  return life.load !== undefined && life.load === last && !life.lived;
}

/** Takes note of a reference that was taken or dropped. do_init_module drops one when init returns, whatever it says. */
function refer(life: Life, event: TraceEvent & { readonly callSite: string }): void {
  if (life.returned) life.lived = true;
  else if (event.what === 'put' && event.pid === life.load?.pid && event.callSite === 'do_init_module')
    life.returned = true;
}

/** What became of a life's init function, in hindsight. */
export function initOf(
  life: Life,
  why: EventOf<'HostModuleFreed'>['why'] | undefined,
  running: boolean,
): EventOf<'HostModuleLoaded'>['init'] {
  if (why === 'init-failed') return 'failed';
  if (running) return 'running';
  return life.free || life.listed ? 'succeeded' : undefined;
}
