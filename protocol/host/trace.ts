/**
 * The events module_load, module_free and module_request in a trace: the text of tracefs (`trace`, `trace_pipe`;
 * kernel/trace/trace_output.c) and what `trace-cmd report` prints. `TASK-PID [(TGID)] [CPU] [FLAGS] TIME: EVENT: …`; a task's
 * name may hold blanks, dashes, colons, brackets and parentheses, but is at most 15 bytes long.
 */
import { decimal, fault, linesOf, type Parsed } from './text.ts';

interface Who {
  readonly task: string;
  readonly pid: number;
  readonly cpu: number;
  /** As the trace's clock says it: seconds with a fraction, or a plain count. */
  readonly at: string;
  /** Line of the file. */
  readonly line: number;
}

export type TraceEvent =
  /** Loading is done; the init function comes next. `taints`: letters. */
  | (Who & { readonly what: 'load'; readonly module: string; readonly taints: string })
  | (Who & { readonly what: 'free'; readonly module: string })
  /** The kernel asks user space for a module. */
  | (Who & {
      readonly what: 'request';
      readonly name: string;
      readonly wait: boolean | null;
      readonly callSite: string;
    })
  /** A reference was taken or dropped: who follows a module's life reads from `callSite` what for. */
  | (Who & { readonly what: 'get'; readonly module: string; readonly callSite: string })
  | (Who & { readonly what: 'put'; readonly module: string; readonly callSite: string });

export interface Trace {
  /** In the order of the file. */
  readonly events: readonly TraceEvent[];
  /** Events that the buffer lost, as far as the file tells; null where it only says that some are missing. */
  readonly lost: number | null;
}

export const EVENTS_LIMIT = 4_194_304;

const LINE =
  /^\s*(.{0,16}?)-(\d{1,10})\s+(?:\(\s*(?:\d+|-+)\)\s+)?\[(\d{1,5})\]\s+(?:[^\s]{1,10}\s+)?(\d{1,20}(?:\.\d{1,9})?):\s+([^\s:]+):(?:\s(.*))?$/;
/** What another tracer writes between events, and what stands above them. */
const OTHER = /^\s*(?:#|$|cpus=\d|version = |CPU \d+ is empty|=+>)/;
const LOST = /^CPU:\s*\d+ \[(?:LOST (\d+) EVENTS|EVENTS DROPPED)\]/;
const ENTRIES = /^# entries-in-buffer\/entries-written: (\d+)\/(\d+)/;
const ANY_EVENT = /-\d{1,10}\s.*\[\d{1,5}\].*?\d:\s/;
const OURS = /\bmodule_(load|free|request|get|put):/;

export function parseTrace(text: string): Parsed<Trace> {
  const events: TraceEvent[] = [];
  let overwritten = 0;
  let dropped = 0;
  let unknown = false;
  for (const [number, line] of linesOf(text)) {
    const entries = ENTRIES.exec(line);
    if (entries) overwritten = Math.max(0, Number(entries[2]) - Number(entries[1]));
    const lost = LOST.exec(line);
    if (lost) {
      if (lost[1] === undefined) unknown = true;
      else dropped += Number(lost[1]);
    }
    if (entries || lost || OTHER.test(line)) continue;
    const event = traceEvent(number, line);
    if (event === undefined) return fault(number, '"TASK-PID [CPU] TIME: EVENT: …"', line);
    if (event === null) continue;
    if (events.length === EVENTS_LIMIT) return fault(number, `at most ${EVENTS_LIMIT} events of modules`, line);
    events.push(event);
  }
  return { ok: true, value: { events, lost: unknown ? null : overwritten + dropped } };
}

/** One line of `trace_pipe`: null where it is an event of something else, undefined where it is no event. */
export function traceEvent(line: number, text: string): TraceEvent | null | undefined {
  const [, task, pid = '', cpu = '', at = '', event, rest = ''] = LINE.exec(text) ?? [];
  if (task === undefined || event === undefined) return ANY_EVENT.test(text) && !OURS.test(text) ? null : undefined;
  const who = { task: task.trim(), pid: decimal(pid), cpu: decimal(cpu), at, line };
  switch (event) {
    case 'module_load':
      return loaded(who, rest);
    case 'module_free': {
      const module = /^\s*([^\s]{1,55})\s*$/.exec(rest)?.[1];
      return module === undefined ? undefined : { ...who, what: 'free', module };
    }
    case 'module_request':
      return requested(who, rest);
    case 'module_get':
    case 'module_put':
      return counted(who, event === 'module_get' ? 'get' : 'put', rest);
    default:
      return null;
  }
}

function loaded(who: Who, rest: string): TraceEvent | undefined {
  const [, module, taints = ''] = /^\s*([^\s]{1,55})(?:\s+([A-Z]+))?\s*$/.exec(rest) ?? [];
  return module === undefined ? undefined : { ...who, what: 'load', module, taints };
}

/** `NAME wait=N call_site=FUNCTION`; a name can hold anything. trace-cmd writes `wait` in the same way. */
function requested(who: Who, rest: string): TraceEvent | undefined {
  const [, name, wait, callSite = ''] = /^\s*(.{0,256}) wait=(\d) call_site=(.*?)\s*$/.exec(rest) ?? [];
  return name === undefined ? undefined : { ...who, what: 'request', name, wait: wait === '1', callSite };
}

function counted(who: Who, what: 'get' | 'put', rest: string): TraceEvent | undefined {
  const [, module, callSite = ''] = /^\s*([^\s]{1,55})\s+call_site=([^\s]+)/.exec(rest) ?? [];
  return module === undefined ? undefined : { ...who, what, module, callSite };
}
