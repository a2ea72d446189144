/**
 * Loading a module, step by step as the kernel does it.
 * Models kernel/module/main.c `load_module` and `do_init_module`, v6.1 and v6.12. What the module's own init function does
 * is not knowable here: the command says it.
 */
import { fromHex, toHex } from '../../../protocol/address.ts';
import type { CommandOf } from '../../../protocol/commands.ts';
import type { EventOf } from '../../../protocol/events/index.ts';
import type { KernelError } from '../arch/arch.ts';
import { archOf } from '../arch/select.ts';
import type { Blobs, Decision } from '../kernel.ts';
import { percpuChunk, percpuFit } from '../machine/percpu.ts';
import type { Profile } from '../profile.ts';
import type { ModuleArea, State } from '../state.ts';
import { addKeys, addModule, freeNodes } from '../static-call/module.ts';
import { type Refusal, updateAll } from '../static-call/update.ts';
import type { Candidate, Linked, Placement } from './candidate.ts';
import { type Draft, emit } from './draft.ts';
import { goneModule } from './gone.ts';
import { type LaidOut, layOut } from './layout.ts';
import { allocateParts, failsLazily, freeAreas, freeingOrder, isInitPart, purge } from './place.ts';
import { introduce } from './read.ts';
import { duplicateExport, type Resolved, resolveImports } from './symbols.ts';
import { checkVermagic } from './vermagic.ts';

type LoadCommand = CommandOf<'load'>;
type Step = EventOf<'ModuleLoadFailed'>['step'];

/** What the memory of a module held when its init function was called: for dumps, never for events. */
export interface Loaded {
  readonly candidate: Candidate;
  readonly laidOut: LaidOut;
  readonly linked: Linked;
}

/** Decides a load. `onLinked` is told what memory holds when init is called. */
export function loadModule(
  state: State,
  command: LoadCommand,
  blobs: Blobs,
  onLinked?: (loaded: Loaded) => void,
): Decision {
  const { profile } = state;
  if (!profile) return { ok: false, code: 'no-such-machine', message: 'the machine is not booted' };
  const bytes = blobs.get(command.blob);
  if (!bytes) return { ok: false, code: 'no-such-blob', message: `no module of sha256 ${command.blob} was uploaded` };
  const place = badPlace(command);
  if (place !== undefined) return { ok: false, code: 'bad-command', message: place };
  const draft = run({ state, events: [] }, profile, command, bytes, onLinked);
  if ('code' in draft) return { ok: false, ...draft };
  return { ok: true, events: draft.events, state: draft.state };
}

/** What a command says about places has to be addresses: the schema lets by hex numbers that are none. */
function badPlace({ percpu, fallbackAt = {} }: LoadCommand): string | undefined {
  const said = [['/percpu', percpu], ...Object.entries(fallbackAt).map(([part, at]) => [`/fallbackAt/${part}`, at])];
  const wrong = said.find(([, hex]) => hex !== undefined && Number.isNaN(fromHex(hex)));
  return wrong && `${wrong[0]} is ${wrong[1]}, expected a canonical address (sign-extended from at most 53 bits)`;
}

/** A load under way: what has to be given back when it fails. */
interface Load {
  readonly draft: Draft;
  readonly profile: Profile;
  readonly command: LoadCommand;
  readonly name: string;
}

function run(
  draft: Draft,
  profile: Profile,
  command: LoadCommand,
  bytes: Uint8Array,
  onLinked: ((loaded: Loaded) => void) | undefined,
): Draft | Refusal {
  // 1. Read the file.
  const read = introduce(bytes, profile, archOf(profile));
  if (!read.ok) return fail({ draft, profile, command, name: '' }, 'read', read.error);
  const load: Load = { draft, profile, command, name: read.value.name };

  // 2. Checks that need no memory. Since v6.4 a duplicate name is among them.
  const early =
    checkVermagic(draft.state, read.value) ?? (profile.layout === 'linux-6.1' ? undefined : duplicate(load));
  if (early) return fail(load, 'check', early);
  const prepared = read.value.prepare();
  if (!prepared.ok) return fail(load, 'check', prepared.error);
  const candidate = prepared.value;

  // 3. Lay out, and allocate part by part.
  const laidOut = layOut(profile.layout, candidate.sections, candidate.tables, profile.pageSize);
  const placed = allocateParts(draft, profile, load.name, laidOut.parts, fallbackAt(command));
  if (!placed.ok) {
    freeAreas(draft, load.name, placed.areas.toReversed(), failsLazily(draft.state));
    return fail(load, 'allocate', placed.error);
  }
  const { areas } = placed;

  // 4. Reserve the name, then per-CPU memory.
  const late = duplicate(load);
  if (late) return failUnformed(load, 'check', late, areas);
  const percpu = placePercpu(load, candidate);
  if (percpu === undefined && candidate.percpu) {
    const words = `${load.name}: Could not allocate ${candidate.percpu.size} bytes percpu data`;
    return failUnformed(load, 'allocate', { errno: 'ENOMEM', words }, areas);
  }
  const placement = placementOf(candidate, laidOut, areas, percpu);
  emit(draft, laidOutEvent(load, candidate, laidOut, areas, placement));

  // 5. Resolve symbols.
  const resolved = resolveImports(draft.state, candidate);
  if (!resolved.ok) return failUnformed(load, 'link', resolved.error, areas);
  emit(draft, { type: 'SymbolsResolved', module: load.name, imports: resolved.value.imports });

  // 6. Relocate.
  const linked = candidate.link({ ...placement, imports: resolved.value.addresses });
  if (!linked.ok) return failUnformed(load, 'relocate', linked.error, areas);
  emitRelocated(load, linked.value);

  // 7. Form: its exports must be new.
  const twice = duplicateExport(draft.state, load.name, candidate.exports);
  if (twice) return failUnformed(load, 'form', twice, areas);
  purge(draft, 'init-reached');
  emit(draft, comingEvent(load, candidate, linked.value, resolved.value));
  onLinked?.({ candidate, laidOut, linked: linked.value });

  // 8. Its notifiers: static calls join their keys.
  const { staticCalls } = linked.value;
  if (staticCalls && draft.state.staticCalls) {
    addKeys(draft, load.name, staticCalls.keys);
    const refused = addModule(draft, profile, load.name, staticCalls.sites, command.failAllocation);
    if (refused) return failComing(load, refused);
  }

  // 9. Its init function runs; then init memory goes.
  const nonsense = updateAll(draft, command.init?.updates, `init of ${load.name}`);
  if (nonsense) return nonsense;
  const result = command.init?.result;
  if (result) return failInit(load, result);
  emit(draft, { type: 'ModuleLive', module: load.name });
  const init = areas.filter(({ part }) => isInitPart(part));
  if (init.length > 0) freeAreas(draft, load.name, init, false);
  return draft;
}

function duplicate({ draft, name }: Load): KernelError | undefined {
  if (!draft.state.modules.has(name)) return undefined;
  return { errno: 'EEXIST', words: `${name}: module is already loaded` };
}

/** Where its per-CPU section goes: where the command says, else the lowest fit; undefined where there is none or no room. */
function placePercpu({ draft, profile, command }: Load, { percpu }: Candidate): number | undefined {
  if (!percpu) return undefined;
  if (command.percpu !== undefined) return fromHex(command.percpu);
  return percpuFit(percpuChunk(profile.source), draft.state.percpu, percpu.size, percpu.align, profile.pageSize);
}

function fallbackAt({ fallbackAt: at }: LoadCommand): (part: string) => number | undefined {
  return (part) => {
    const address = at?.[part];
    return address === undefined ? undefined : fromHex(address);
  };
}

/** Where each section is, once each part has an address. `areas` are in the order of `laidOut.parts`. */
export function placementOf(
  candidate: Candidate,
  laidOut: LaidOut,
  areas: readonly Pick<ModuleArea, 'part' | 'address'>[],
  percpu: number | undefined,
): Placement {
  const count = candidate.sections.length;
  const sectionAddress = new Float64Array(count).fill(Number.NaN);
  const inInit = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const part = laidOut.partOf[i] ?? -1;
    const area = part < 0 ? undefined : areas[part];
    if (!area) continue;
    sectionAddress[i] = area.address + (laidOut.offset[i] ?? 0);
    if (isInitPart(area.part)) inInit[i] = 1;
  }
  return { sectionAddress, inInit, percpu: percpu ?? Number.NaN, imports: [] };
}

function laidOutEvent(
  { command, name }: Load,
  candidate: Candidate,
  laidOut: LaidOut,
  areas: readonly ModuleArea[],
  placement: Placement,
): EventOf<'ModuleLaidOut'> {
  const sections: EventOf<'ModuleLaidOut'>['sections'] = [];
  const sizes: EventOf<'ModuleLaidOut'>['sizes'] = {};
  for (const { part, size } of laidOut.parts) sizes[part] = size;
  for (const section of candidate.sections) {
    const part = laidOut.partOf[section.index] ?? -1;
    const area = part < 0 ? undefined : areas[part];
    const size = sizeInMemory(candidate, section);
    if (!area || size === 0) continue;
    const address = toHex(placement.sectionAddress[section.index] ?? 0);
    sections.push({ name: section.name, address, size, part: area.part });
  }
  const parts = areas.map(({ part, address, size, window }) => ({ part, address: toHex(address), size, window }));
  const { pltReserved, percpu } = candidate;
  return {
    type: 'ModuleLaidOut',
    module: name,
    blob: command.blob,
    ...(command.file === undefined ? {} : { file: command.file }),
    parts,
    sections,
    sizes,
    ...(laidOut.groups ? { groups: laidOut.groups } : {}),
    pltReserved,
    ...(percpu ? { percpu: { address: toHex(placement.percpu), size: percpu.size } } : {}),
  };
}

function sizeInMemory(
  { tables }: Candidate,
  { index, size }: { readonly index: number; readonly size: number },
): number {
  return index === tables.symtab.index ? tables.symtab.size : index === tables.strtab.index ? tables.strtab.size : size;
}

function emitRelocated({ draft, name: module }: Load, { relocated, symbolName }: Linked): void {
  for (const { kind, section, slot, address, words, target, symbol, site } of relocated.veneers) {
    emit(draft, {
      type: 'VeneerWritten',
      module,
      kind,
      section,
      slot,
      address: toHex(address),
      words: words.map((word) => word.toString(16).padStart(8, '0')),
      target: toHex(target),
      symbol: symbolName(symbol),
      site: { address: toHex(site), distance: target - site },
    });
  }
  const { relocations, branches, pltUsed } = relocated;
  emit(draft, { type: 'RelocationsApplied', module, relocations, branches, pltUsed });
}

function comingEvent(
  { name }: Load,
  candidate: Candidate,
  linked: Linked,
  { uses, proprietary }: Resolved,
): EventOf<'ModuleComing'> {
  const exports = candidate.exports.map(({ name: symbol, gplOnly, namespace }, i) => ({
    name: symbol,
    address: toHex(linked.exports[i] ?? 0),
    ...(gplOnly ? { gplOnly: true as const } : {}),
    ...(namespace === '' ? {} : { namespace }),
  }));
  return {
    type: 'ModuleComing',
    module: name,
    exports,
    uses: [...uses],
    hasInit: candidate.hasInit,
    hasExit: candidate.hasExit,
    ...(candidate.vermagic === undefined ? {} : { vermagic: candidate.vermagic }),
    ...(proprietary ? { proprietary } : {}),
  };
}

function fail({ draft, command, name: module }: Load, step: Step, error: KernelError): Draft {
  const file = command.file === undefined ? {} : { file: command.file };
  const { errno, words } = error;
  emit(draft, { type: 'ModuleLoadFailed', module, blob: command.blob, ...file, errno, words, step });
  return draft;
}

/** The module never became COMING: module_deallocate. */
function failUnformed(load: Load, step: Step, error: KernelError, areas: readonly ModuleArea[]): Draft {
  freeAreas(load.draft, load.name, freeingOrder(areas), failsLazily(load.draft.state));
  return fail(load, step, error);
}

/** A notifier refused it, and has cleaned up after itself. */
function failComing(load: Load, error: KernelError): Draft {
  emit(load.draft, { type: 'ModuleGoing', module: load.name });
  goneModule(load.draft, load.name);
  return fail(load, 'coming', error);
}

/** Its init function returned an error: the module goes as in an unload. */
function failInit(load: Load, errno: string): Draft {
  const { draft, name: module } = load;
  emit(draft, { type: 'ModuleGoing', module });
  if (draft.state.staticCalls) freeNodes(draft, module);
  goneModule(draft, module);
  return fail(load, 'init', { errno, words: `${module}: init function returned ${errno}` });
}
