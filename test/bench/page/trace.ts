/**
 * What threads of Chromium did, out of a trace: CPU time, so that neighbours on the machine don't count. The work of a frame
 * is all that its main thread does from the beginning of the frame to that of the next one.
 */

/** As Chromium writes it; microseconds. `tdur` is CPU time. */
export interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly dur?: number;
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
}

export const TRACED: ReadonlySet<string> = new Set(['RunTask', 'AnimationFrame', 'thread_name']);

/** Of one renderer process; CPU milliseconds. */
export interface Renderer {
  /** By frame. */
  readonly work: readonly number[];
  readonly main: number;
  /** All of its workers; 0 where it has none. */
  readonly workers: number;
}

/** Every renderer process that made a frame, the one with workers first. */
export function renderersOf(events: readonly TraceEvent[]): readonly Renderer[] {
  const threads = new Map<string, string>();
  const found = new Map<number, { main: TraceEvent[]; frames: number[]; workers: number }>();
  for (const { name, pid, tid, args } of events) {
    if (name === 'thread_name') threads.set(`${pid} ${tid}`, args?.name ?? '');
  }
  for (const event of events) {
    const { name, ph, pid, tid, ts, tdur = 0 } = event;
    const thread = threads.get(`${pid} ${tid}`);
    const renderer = found.get(pid) ?? { main: [], frames: [], workers: 0 };
    found.set(pid, renderer);
    if (name === 'RunTask' && thread === 'CrRendererMain') renderer.main.push(event);
    if (name === 'RunTask' && thread === 'DedicatedWorker thread') renderer.workers += tdur / 1000;
    if (name === 'AnimationFrame' && ph === 'b' && thread === 'CrRendererMain') renderer.frames.push(ts);
  }
  return [...found.values()]
    .filter(({ frames }) => frames.length > 0)
    .map(({ main, frames, workers }) => ({ work: workOf(main, frames), main: cpu(main), workers }))
    .sort((a, b) => b.workers - a.workers);
}

function workOf(tasks: readonly TraceEvent[], begins: readonly number[]): readonly number[] {
  const frames = begins.toSorted((a, b) => a - b);
  const work: number[] = [];
  let next = 0;
  for (const { ts, dur = 0, tdur = 0 } of tasks.toSorted((a, b) => a.ts - b.ts)) {
    // The task in which a frame begins is the first one of that frame.
    while (next < frames.length && (frames[next] as number) <= ts + dur) {
      next++;
      work.push(0);
    }
    if (work.length > 0) work[work.length - 1] = (work[work.length - 1] as number) + tdur / 1000;
  }
  return work;
}

const cpu = (tasks: readonly TraceEvent[]): number => tasks.reduce((sum, { tdur = 0 }) => sum + tdur / 1000, 0);
