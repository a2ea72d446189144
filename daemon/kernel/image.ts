/**
 * What memory holds: derived on demand from module files, where events placed them, what their symbols resolved to, and the
 * patches since. Nothing of it is kept.
 */
import { fromHex } from '../../protocol/address.ts';
import { archOf } from './arch/select.ts';
import { longCode } from './arch/static-call.ts';
import { SHF_EXECINSTR } from './elf/constants.ts';
import type { Blobs } from './kernel.ts';
import { layOut } from './loader/layout.ts';
import { placementOf } from './loader/load.ts';
import { readCandidate } from './loader/read.ts';
import type { LoadedModule, State } from './state.ts';
import type { StaticCalls } from './static-call/state.ts';

/** Bytes of one section, or of a piece of the kernel that static calls write or read. */
export interface Segment {
  /** A module, or vmlinux. */
  readonly owner: string;
  readonly section: string;
  readonly address: number;
  readonly executable: boolean;
  readonly bytes: Uint8Array;
}

/**
 * The sections of a loaded module that have bytes, as they are now. Undefined where its file is missing from `blobs` or the
 * module is not loaded; bytes that other parts of the kernel write at run time are as they were when init was called.
 */
export function moduleSegments(state: State, name: string, blobs: Blobs): readonly Segment[] | undefined {
  const module = state.modules.get(name);
  const file = module && blobs.get(module.blob);
  if (!module || !file) return undefined;
  const segments = linkedSegments(state, module, file);
  if (segments && state.staticCalls) patch(segments, state.staticCalls);
  return segments;
}

/** Every executable section of every module, every trampoline, what they read, and the kernel's own sites, by address. */
export function executableSegments(state: State, blobs: Blobs): readonly Segment[] {
  const segments: Segment[] = [];
  for (const { name } of state.modules.values()) {
    const module = state.modules.get(name);
    const file = module && blobs.get(module.blob);
    if (!module || !file) continue;
    segments.push(...(linkedSegments(state, module, file) ?? []).filter(({ executable }) => executable));
  }
  segments.sort((a, b) => a.address - b.address);
  const rest = state.staticCalls ? patch(segments, state.staticCalls) : [];
  return [...segments, ...rest].sort((a, b) => a.address - b.address);
}

/** The loader's own link step once more, at the addresses that the module was given. */
function linkedSegments({ profile }: State, module: LoadedModule, file: Uint8Array): Segment[] | undefined {
  if (!profile) return undefined;
  const read = readCandidate(file, profile, archOf(profile));
  if (!read.ok) return undefined;
  const candidate = read.value;
  const laidOut = layOut(profile.layout, candidate.sections, candidate.tables, profile.pageSize);
  const parts = module.laidOut.parts.map(({ part, address }) => ({ part, address: fromHex(address) }));
  const percpu = module.laidOut.percpu ? fromHex(module.laidOut.percpu.address) : undefined;
  const placement = placementOf(candidate, laidOut, parts, percpu);
  const resolved = new Map(module.imports.map(({ name, address, owner }) => [name, owner === null ? null : address]));
  const imports = Float64Array.from(candidate.imports, ({ name }) => {
    const address = resolved.get(name);
    return address === undefined || address === null ? Number.NaN : fromHex(address);
  });
  const linked = candidate.link({ ...placement, imports });
  if (!linked.ok) return undefined;
  return candidate.sections.flatMap(({ index, name, flags }) => {
    const bytes = linked.value.memory[index];
    const part = parts[laidOut.partOf[index] ?? -1];
    if (!bytes || bytes.length === 0 || !part || !module.areas.some((area) => area.part === part.part)) return [];
    const address = placement.sectionAddress[index] ?? Number.NaN;
    return [{ owner: module.name, section: name, address, executable: (flags & SHF_EXECINSTR) !== 0, bytes }];
  });
}

/** Writes what static calls wrote into `segments`; returns as segments of their own what is in none of them. */
function patch(segments: readonly Segment[], { keys, text }: StaticCalls): Segment[] {
  const sorted = [...segments].sort((a, b) => a.address - b.address);
  const outside: Segment[] = [];
  const put = (address: number, code: string, section: string) => {
    const bytes = bytesOf(code);
    const found = holder(sorted, address);
    if (found)
      found.bytes.set(bytes.subarray(0, found.bytes.length - (address - found.address)), address - found.address);
    else outside.push({ owner: 'vmlinux', section, address, executable: section === 'text', bytes });
  };
  for (const [address, code] of text.entries()) put(address, code, 'text');
  for (const { address, func } of keys.values()) put(address, longCode(func), 'key');
  return outside;
}

/** The segment that holds an address, of segments in order of address. */
function holder(sorted: readonly Segment[], address: number): Segment | undefined {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle]?.address ?? 0) <= address) low = middle + 1;
    else high = middle;
  }
  const segment = sorted[low - 1];
  return segment && address < segment.address + segment.bytes.length ? segment : undefined;
}

function bytesOf(code: string): Uint8Array {
  const bytes = new Uint8Array(code.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(code.slice(i * 2, i * 2 + 2), 16);
  return bytes;
}
