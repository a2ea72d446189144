/** A host's session: its facts, then what happened to its modules in order, then the moment as it was seen. */
import { fromHex, toHex } from '../../../protocol/address.ts';
import type { CommandOf } from '../../../protocol/commands.ts';
import type { Commit } from '../../../protocol/commit.ts';
import { COMMIT_VERSION } from '../../../protocol/commit-version.ts';
import type { Event, EventOf } from '../../../protocol/events/index.ts';
import { parseTrace, type Trace, type TraceEvent } from '../../../protocol/host/trace.ts';
import type { MachineProfile } from '../../../protocol/profile.ts';
import { decide, initialState } from '../../kernel/kernel.ts';
import { holdsInit, type ModuleArea, type Owned, ownAreas } from './areas.ts';
import { type HostFacts, hostFacts, type ModuleFacts, told } from './facts.ts';
import { loss } from './losses.ts';
import type { HostReadings } from './readings.ts';
import { initOf, type Life, type Step, tell } from './story.ts';

export interface HostSession {
  readonly commits: readonly Commit[];
  readonly observed: EventOf<'HostObserved'>;
}

/** Clocks that count seconds; others order events and say no time. */
const CLOCKS = new Set(['local', 'global', 'uptime', 'perf', 'mono', 'mono_raw', 'boot']);

/** Throws a HostError where a file is not what it should be. */
export function hostSession(readings: HostReadings): HostSession {
  const facts = hostFacts(readings);
  const trace = readTrace(readings, facts);
  const owned = ownAreas(facts);
  const story = tell(
    trace,
    facts.modules?.map(({ name }) => name),
  );
  facts.notes.push(...story.doubts);
  const booted = bootOf(facts, owned);
  const log = writer(readings);
  const observed: EventOf<'HostObserved'> = { ...facts.observed, lost: facts.lost, notes: facts.notes };
  log.add('host', 0, [...(booted ? [booted] : []), observed]);

  const place = placer(booted?.profile);
  const seen = new Map((facts.modules ?? []).map((module) => [module.name, module]));
  const ends = new Map<Life, EventOf<'HostModuleFreed'>['why']>();
  for (const step of story.steps) if (step.what === 'free') ends.set(step.life, step.why);
  for (const step of story.steps) {
    const cause = causeOf(step);
    const events = eventsOf(step, ends, seen);
    if (step.what === 'load' && step.life.listed) events.push(...place(step.life.module, owned.byModule));
    log.add(cause ? 'trace' : 'listing', timeOf(cause, readings), events);
  }
  const moment: Event[] = (facts.modules ?? []).map((module) => observedModule(module, owned));
  if (facts.vmallocinfo) moment.push({ type: 'HostAreasObserved', areas: owned.areas.map(windowed(booted?.profile)) });
  if (moment.length > 0) log.add('moment', facts.uptime, moment);
  return { commits: log.commits, observed };
}

function readTrace({ trace: read, unread }: HostReadings, facts: HostFacts): Trace | undefined {
  const costs = 'loads and unloads in their order and with their times; what left before this moment';
  if (!read) {
    facts.lost.push(loss('the trace', unread.get('/sys/kernel/tracing/trace') ?? 'there is none', costs));
    return undefined;
  }
  const trace = told(read.file, parseTrace(read.text));
  if (trace.lost !== 0) {
    const number = trace.lost === null ? 'some' : String(trace.lost);
    facts.lost.push(loss('the trace', `its buffer lost ${number} events`, 'loads and unloads among them'));
  }
  return trace;
}

/** The machine, where image, layout, page size and architecture are shown. Windows that KASLR moved are not shown. */
function bootOf(facts: HostFacts, owned: Owned): EventOf<'MachineBooted'> | undefined {
  const { arch, layout, pageSize, kallsymsAll = false, erratum843419, kaslr } = facts.observed;
  const { map, notes } = facts;
  if (!map || !arch || !layout || !pageSize) return undefined;
  const moved = kaslr !== false && arch === 'arm64';
  const profile: Partial<MachineProfile> & Pick<MachineProfile, 'arch' | 'layout'> = {
    arch,
    layout,
    pageSize,
    kallsymsAll,
    kernel: map.kernel,
    symbols: map.symbols,
    ...(map.gplOnly && { gplOnly: [...map.gplOnly] }),
    ...(erratum843419 && { errata: ['843419'] }),
    ...(moved && { moduleRegion: {} }),
  };
  const unreserved = decide(initialState(), { type: 'boot', profile }, new Map());
  const event = unreserved.ok ? unreserved.events[0] : undefined;
  if (!unreserved.ok) notes.push(`no machine profile follows from what the kernel shows: ${unreserved.message}`);
  if (event?.type !== 'MachineBooted') return undefined;
  if (moved)
    notes.push('KASLR moved the module windows, and the kernel does not show where: areas lie in no window here');
  if (arch === 'x86-64' && kaslr !== false) {
    notes.push(
      'KASLR lets the module window begin 1 to 1024 pages above 0xffffffffc0000000, and does not show how many',
    );
  }
  const reserved = reservedIn(event.profile, owned);
  if (reserved.length === 0) return event;
  const again = decide(initialState(), { type: 'boot', profile: { ...profile, reserved } }, new Map());
  const whole = again.ok ? again.events[0] : undefined;
  return whole?.type === 'MachineBooted' ? whole : event;
}

/** Areas of others in the windows, cut to them; the image where no area shows it. */
function reservedIn({ moduleRegion, reserved, kernel }: MachineProfile, { others }: Owned): MachineProfile['reserved'] {
  if (others.length === 0) return [];
  const windows = [moduleRegion.direct, moduleRegion.fallback].flatMap((window) =>
    window ? [[fromHex(window.start), fromHex(window.end)] as const] : [],
  );
  const inside = others.filter(([from, to]) => windows.some(([start, end]) => from < end && to > start));
  const image = inside.some(([from, to]) => from <= fromHex(kernel.etext) && to > fromHex(kernel.text));
  const areas = inside.map(([from, to]): [`0x${string}`, `0x${string}`] => [toHex(from), toHex(to)]);
  return image ? areas : [...reserved, ...areas];
}

interface Log {
  readonly commits: Commit[];
  add(what: CommandOf<'observe'>['what'], seconds: number | undefined, events: readonly Event[]): void;
}

/** Commits with times that never go back; one without a time has that of the commit before. */
function writer({ host }: HostReadings): Log {
  const commits: Commit[] = [];
  const base = host?.bootedAt ?? 0;
  return {
    commits,
    add(what, seconds, events) {
      const before = commits.at(-1)?.time ?? 0;
      const time = seconds === undefined ? before : Math.max(before, Math.floor(base + seconds * 1000));
      const number = commits.length + 1;
      const command: CommandOf<'observe'> = { type: 'observe', what };
      commits.push({ v: COMMIT_VERSION, number, time, id: `host-${number}`, command, events: [...events] });
    },
  };
}

function causeOf(step: Step): TraceEvent | undefined {
  if (step.what === 'request') return step.request;
  return step.what === 'load' ? step.life.load : step.why === 'unseen' ? undefined : step.life.free;
}

function timeOf(cause: TraceEvent | undefined, { trace }: HostReadings): number | undefined {
  if (!cause || (trace?.clock !== undefined && !CLOCKS.has(trace.clock))) return undefined;
  const seconds = Number(cause.at);
  return cause.at.includes('.') && seconds < 2 ** 40 ? seconds : undefined;
}

function eventsOf(
  step: Step,
  ends: ReadonlyMap<Life, EventOf<'HostModuleFreed'>['why']>,
  seen: ReadonlyMap<string, ModuleFacts>,
): Event[] {
  const cause = causeOf(step);
  const who = cause ? { at: cause.at, task: cause.task, pid: cause.pid, cpu: cause.cpu } : {};
  if (step.what === 'request') {
    const { name, wait, callSite } = step.request;
    return [{ type: 'HostModuleRequested', name, ...(wait !== null && { wait }), callSite, ...who }];
  }
  const { module } = step.life;
  if (step.what === 'free') return [{ type: 'HostModuleFreed', module, why: step.why, ...who }];
  const facts = step.life.listed ? seen.get(module) : undefined;
  const init = initOf(step.life, ends.get(step.life), facts?.proc?.state === 'Loading');
  const taints = step.life.load?.taints ?? facts?.taints;
  return [
    { type: 'HostModuleLoaded', module, how: step.how, ...(init && { init }), ...(taints && { taints }), ...who },
  ];
}

function windowOf(profile: MachineProfile | undefined, from: number, to: number): 'direct' | 'fallback' | undefined {
  const { direct, fallback } = profile?.moduleRegion ?? {};
  if (direct && from >= fromHex(direct.start) && to <= fromHex(direct.end)) return 'direct';
  return fallback && from >= fromHex(fallback.start) && to <= fromHex(fallback.end) ? 'fallback' : undefined;
}

/** Areas of a module as events, where a window holds them and nobody else has the room. */
function placer(profile: MachineProfile | undefined) {
  const taken: [number, number][] = (profile?.reserved ?? []).map(([start, end]) => [fromHex(start), fromHex(end)]);
  return (module: string, byModule: Owned['byModule']): Event[] =>
    (byModule.get(module) ?? []).flatMap(({ part, address, size, guard }: ModuleArea): Event[] => {
      const end = address + size + guard;
      const window = windowOf(profile, address, end);
      if (!window || taken.some(([from, to]) => from < end && to > address)) return [];
      taken.push([address, end]);
      return [{ type: 'MemoryAllocated', module, part, address: toHex(address), size, guard, window }];
    });
}

function windowed(profile: MachineProfile | undefined) {
  return (area: EventOf<'HostAreasObserved'>['areas'][number]): typeof area => {
    const from = area.address === undefined ? Number.NaN : fromHex(area.address);
    const window = Number.isNaN(from) ? undefined : windowOf(profile, from, from + area.size);
    return window ? { ...area, window } : area;
  };
}

const STATES = { Live: 'LIVE', Loading: 'COMING', Unloading: 'GOING' } as const;

function observedModule(facts: ModuleFacts, { byModule }: Owned): EventOf<'HostModuleObserved'> {
  const { name, proc, coreSize, initSize, refcount, holders, taints, buildId, sections, symbols } = facts;
  const usedBy = proc?.usedBy ?? holders;
  return {
    type: 'HostModuleObserved',
    module: name,
    state: proc ? STATES[proc.state] : holdsInit(facts) ? 'COMING' : 'LIVE',
    ...(proc && { size: proc.size }),
    ...(proc?.address && { address: proc.address }),
    ...(coreSize !== undefined && { coreSize }),
    ...(initSize !== undefined && { initSize }),
    ...(refcount !== undefined && Number.isFinite(refcount) && { refcount }),
    ...(usedBy && { usedBy: [...usedBy] }),
    ...(taints !== '' && { taints }),
    ...(buildId !== undefined && { buildId }),
    areas: (byModule.get(name) ?? []).map(({ part, address, size, guard }) => ({
      part,
      address: toHex(address),
      size,
      guard,
    })),
    ...(sections && { sections: sections.map(([section, address]) => [section, toHex(address)]) }),
    ...(symbols && { symbols: symbols.map(([symbol, address]) => [symbol, address]) }),
  };
}
