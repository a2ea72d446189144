/** The part of the fold that shows a running kernel: what it showed of itself, and modules by what it shows of them. */
import type { Event, EventOf } from '../events/index.ts';
import type { Module, View } from './types.ts';

/** What a kernel shows of a module: as HostModuleObserved has it, and how its loading was seen. */
export interface HostModule {
  readonly how: EventOf<'HostModuleLoaded'>['how'];
  readonly at?: string;
  readonly taints?: string;
  readonly seen?: Omit<EventOf<'HostModuleObserved'>, 'type' | 'module'>;
}

export interface HostView {
  readonly facts: Omit<EventOf<'HostObserved'>, 'type'>;
  /** Requests for modules so far. */
  requests: number;
  areas: EventOf<'HostAreasObserved'>['areas'];
}

export function foldHost(view: View, event: Event, commit: number): void {
  switch (event.type) {
    case 'HostObserved': {
      const { type: _, ...facts } = event;
      view.host = { facts, requests: 0, areas: [] };
      return;
    }
    case 'HostModuleRequested':
      hostOf(view).requests++;
      return;
    case 'HostModuleLoaded':
      view.modules.delete(event.module);
      view.modules.set(event.module, loaded(event, commit));
      if (event.init !== 'failed' && event.how === 'traced') view.ever.loads++;
      return;
    case 'HostModuleFreed':
      freed(view, event);
      return;
    case 'HostModuleObserved':
      observed(view, event);
      return;
    case 'HostAreasObserved':
      hostOf(view).areas = event.areas;
      return;
  }
}

function hostOf(view: View): HostView {
  if (!view.host) throw new RangeError('an event is about a host, which the log did not introduce');
  return view.host;
}

function loaded({ module, how, at, taints, init }: EventOf<'HostModuleLoaded'>, commit: number): Module {
  return {
    name: module,
    state: init === 'failed' || init === 'running' ? 'COMING' : 'LIVE',
    blob: null,
    file: null,
    since: commit,
    parts: {},
    sections: [],
    sizes: {},
    groups: null,
    percpu: null,
    plt: { reserved: { core: 0, init: 0 }, used: { core: 0, init: 0 } },
    relocations: 0,
    branches: { direct: 0, veneer: 0 },
    veneers: [],
    imports: [],
    exports: [],
    uses: [],
    usedBy: new Set(),
    host: { how, ...(at !== undefined && { at }), ...(taints !== undefined && { taints }) },
  };
}

function freed(view: View, event: EventOf<'HostModuleFreed'>): void {
  if (event.why === 'init-failed') view.ever.failedLoads++;
  if (event.why === 'unloaded') view.ever.unloads++;
  const module = view.modules.get(event.module);
  for (const used of module?.uses ?? []) view.modules.get(used)?.usedBy.delete(event.module);
  view.modules.delete(event.module);
}

function observed(view: View, event: EventOf<'HostModuleObserved'>): void {
  const module = view.modules.get(event.module);
  if (!module?.host) throw new RangeError(`an event shows module ${event.module}, which the log did not load`);
  const { type: _, module: name, ...seen } = event;
  module.host = { ...module.host, seen };
  module.state = event.state;
  for (const user of event.usedBy ?? []) {
    module.usedBy.add(user);
    const uses = view.modules.get(user)?.uses;
    if (uses && !uses.includes(name)) uses.push(name);
  }
  for (const { part, address, size } of event.areas) {
    const window = view.areas.get(address)?.window;
    if (window !== undefined) module.parts[part] = { address, size, window };
  }
}
