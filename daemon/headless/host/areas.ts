/** Which memory is whose: areas of /proc/vmallocinfo told apart, and each module's parts as far as they are shown. */
import { fromHex, type Hex } from '../../../protocol/address.ts';
import type { EventOf } from '../../../protocol/events/index.ts';
import type { Part } from '../../../protocol/events/memory.ts';
import type { VmArea } from '../../../protocol/host/vmallocinfo.ts';
import type { Layout } from '../../../protocol/profile.ts';
import { RO_AFTER_INIT } from '../../kernel/loader/flags.ts';
import { isInit } from '../../kernel/loader/layout.ts';
import type { HostFacts, ModuleFacts } from './facts.ts';

type Areas = EventOf<'HostAreasObserved'>['areas'];

export interface ModuleArea {
  readonly part: Part;
  readonly address: number;
  /** Without the guard. */
  readonly size: number;
  readonly guard: number;
}

export interface Owned {
  readonly byModule: ReadonlyMap<string, readonly ModuleArea[]>;
  readonly areas: Areas;
  /** [start, end) of areas with known addresses that no listed module has and that are not given back. */
  readonly others: readonly (readonly [number, number])[];
}

/** Callers of areas that the module loader asked for, in kernels of various versions. */
const LOADERS = [
  'load_module',
  'layout_and_allocate',
  'move_module',
  'module_alloc',
  'module_memory_alloc',
  'execmem_alloc',
];

/** An area with its numbers; NaN where it is beyond what a double holds. */
interface Located extends VmArea {
  readonly from: number;
  readonly to: number;
}

export function ownAreas(facts: HostFacts): Owned {
  const { layout = 'linux-6.12', pageSize = 4096 } = facts.observed;
  const modules = facts.modules ?? [];
  const { vmallocinfo } = facts;
  if (!vmallocinfo || vmallocinfo.hashed) {
    const byModule = new Map(
      modules.map((module) => [module.name, ofListing(module, layout, facts.observed.pageSize)]),
    );
    return { byModule, areas: (vmallocinfo?.areas ?? []).map((area) => shown(area, 'other')), others: [] };
  }
  const located = vmallocinfo.areas.map((area) => {
    return { ...area, from: fromHex(`0x${area.start}`), to: fromHex(`0x${area.start}`) + area.size };
  });
  const find = finder(located);
  const owner = new Map<Located, { readonly module: string; readonly part: Part }>();
  const byModule = new Map<string, ModuleArea[]>(modules.map(({ name }) => [name, []]));
  for (const [area, { module, names, base }] of claims(modules, find)) {
    const part = partOf(names, base, layout);
    owner.set(area, { module, part });
    const size = area.pages === null ? area.size - pageSize : area.pages * pageSize;
    byModule.get(module)?.push({ part, address: area.from, size, guard: area.size - size });
  }
  for (const own of byModule.values()) own.sort((a, b) => a.address - b.address);
  const loaders = new Set([...LOADERS, ...[...owner.keys()].map(functionOf)]);
  const image = facts.map && { start: fromHex(facts.map.kernel.text), end: fromHex(facts.map.kernel.end) };
  const areas = located.map((area) => {
    const whose = owner.get(area);
    if (whose) return { ...shown(area, 'module', area.start), ...whose };
    const inImage = image && area.from >= Math.floor(image.start / pageSize) * pageSize && area.from < image.end;
    return shown(area, inImage ? 'kernel' : loaders.has(functionOf(area)) ? 'loader' : 'other', area.start);
  });
  const others = located
    .filter(
      (area) => !owner.has(area) && area.kind !== 'unpurged' && !Number.isNaN(area.from) && !Number.isNaN(area.to),
    )
    .map(({ from, to }) => [from, to] as const);
  return { byModule, areas, others };
}

interface Claim {
  readonly module: string;
  /** Sections that are said to lie in the area. */
  readonly names: string[];
  /** /proc/modules names the area. */
  base: boolean;
}

/** Who has each area: the module with most sections in it. A single section with a wrong address takes no area from its owner. */
function claims(
  modules: readonly ModuleFacts[],
  find: (address: number) => Located | undefined,
): ReadonlyMap<Located, Claim> {
  const best = new Map<Located, Claim>();
  const weight = ({ names, base }: Claim) => names.length + (base ? 2 : 0);
  for (const module of modules) {
    const held = new Map<Located, Claim>();
    const claim = (address: number): Claim | undefined => {
      const area = find(address);
      if (area?.kind !== 'vmalloc') return undefined;
      const made = held.get(area) ?? { module: module.name, names: [], base: false };
      held.set(area, made);
      return made;
    };
    for (const [name, address] of liveSections(module)) claim(address)?.names.push(name);
    const listed = module.proc?.address ? claim(fromHex(module.proc.address)) : undefined;
    if (listed) listed.base = true;
    for (const [area, made] of held) {
      const other = best.get(area);
      if (!other || weight(made) > weight(other)) best.set(area, made);
    }
  }
  return best;
}

const functionOf = ({ caller }: VmArea): string => caller.split('+')[0] ?? '';

function shown({ size, pages, kind, caller }: VmArea, owner: Areas[number]['owner'], start?: string): Areas[number] {
  return {
    ...(start !== undefined && { address: `0x${start}` as Hex }),
    size,
    ...(pages !== null && { pages }),
    kind,
    ...(caller !== '' && { caller }),
    owner,
  };
}

/** The area that an address lies in; areas never overlap. */
function finder(areas: readonly Located[]): (address: number) => Located | undefined {
  const sorted = areas
    .filter(({ from, to }) => !Number.isNaN(from) && !Number.isNaN(to))
    .sort((a, b) => a.from - b.from);
  return (address) => {
    let low = 0;
    let high = sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sorted[middle]?.from ?? 0) <= address) low = middle + 1;
      else high = middle;
    }
    const area = sorted[low - 1];
    return area && address < area.to ? area : undefined;
  };
}

/** Whether a section of that name lives in init memory; the full symbol and string tables do. */
export function inInitMemory(name: string): boolean {
  return isInit(name) || name === '.symtab' || name === '.strtab';
}

/** Whether a module's init memory is still its own. */
export function holdsInit({ initSize, proc }: ModuleFacts): boolean {
  return initSize === undefined ? proc?.state === 'Loading' : initSize > 0;
}

function liveSections(module: ModuleFacts): NonNullable<ModuleFacts['sections']> {
  const init = holdsInit(module);
  return (module.sections ?? []).filter(([name]) => init || !inInitMemory(name));
}

/**
 * 6.4 and later: the text area is the one that /proc/modules names; struct module (.gnu.linkonce.this_module) is data; what
 * is read-only after init has a name that says so; what remains is read-only data.
 */
function partOf(names: readonly string[], base: boolean, layout: Layout): Part {
  const init = names.length > 0 && names.every(inInitMemory);
  if (layout === 'linux-6.1') return init ? 'init' : 'core';
  if (init) {
    if (names.some((name) => name === '.init.text' || name === '.init.plt')) return 'init_text';
    return names.includes('.symtab') || names.includes('.init.data') ? 'init_data' : 'init_rodata';
  }
  if (base) return 'text';
  if (names.includes('.gnu.linkonce.this_module')) return 'data';
  return names.some((name) => RO_AFTER_INIT.includes(name)) ? 'ro_after_init' : 'rodata';
}

/** Without areas: until 6.3 /proc/modules shows the core area, and a guard page is always behind it. */
function ofListing(module: ModuleFacts, layout: Layout, pageSize: number | undefined): readonly ModuleArea[] {
  const address = module.proc?.address;
  const size = module.coreSize ?? (holdsInit(module) ? undefined : module.proc?.size);
  if (layout !== 'linux-6.1' || !address || size === undefined || pageSize === undefined) return [];
  return [{ part: 'core', address: fromHex(address), size, guard: pageSize }];
}
