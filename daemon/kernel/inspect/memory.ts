/**
 * Reading live memory by address: bytes of modules whose files are at hand, and what events alone tell of sites,
 * trampolines, literals and keys.
 */
import { fromHex } from '../../../protocol/address.ts';
import type { Code } from '../arch/static-call.ts';
import { codeOf } from '../arch/static-call.ts';
import { moduleSegments, type Segment } from '../image.ts';
import type { LoadedModule, State } from '../state.ts';
import { readText } from '../static-call/state.ts';

/** Files by sha256; undefined is one that nobody stored. Those that were never asked for are not in it. */
export type Files = ReadonlyMap<string, Uint8Array | undefined>;

export interface Memory {
  /** The module that holds an address in one of its areas. */
  moduleAt(address: number): LoadedModule | undefined;
  /** The segment that holds an address; undefined where no file tells its bytes. */
  segmentAt(address: number): Segment | undefined;
  /** `size` bytes, or fewer where a section ends; undefined where nobody knows them. */
  read(address: number, size: number): Code | undefined;
  /** The file that a module came from. */
  file(module: LoadedModule): Uint8Array | undefined;
  /** Files that were needed and never asked for: get them, and ask again. */
  readonly missing: ReadonlySet<string>;
  /** Modules whose bytes were needed and are not stored. */
  readonly unknown: ReadonlySet<string>;
}

export function memoryOf(state: State, files: Files): Memory {
  const missing = new Set<string>();
  const unknown = new Set<string>();
  const segments = new Map<string, readonly Segment[]>();
  const modules = [...state.modules.values()];

  const file = (module: LoadedModule): Uint8Array | undefined => {
    const bytes = files.get(module.blob);
    if (!files.has(module.blob)) missing.add(module.blob);
    else if (!bytes) unknown.add(module.name);
    return bytes;
  };

  const moduleAt = (address: number) =>
    modules.find(({ areas }) => areas.some((area) => address >= area.address && address < area.address + area.size));

  const segmentsOf = (module: LoadedModule): readonly Segment[] => {
    const known = segments.get(module.name);
    if (known) return known;
    const bytes = file(module);
    const found = (bytes && moduleSegments(state, module.name, new Map([[module.blob, bytes]]))) ?? [];
    segments.set(module.name, found);
    return found;
  };

  const segmentAt = (address: number): Segment | undefined => {
    const module = moduleAt(address);
    return module && segmentsOf(module).find((s) => address >= s.address && address < s.address + s.bytes.length);
  };

  return {
    missing,
    unknown,
    file,
    moduleAt,
    segmentAt,
    read(address, size) {
      const segment = segmentAt(address);
      if (segment) {
        const at = address - segment.address;
        return codeOf(segment.bytes.subarray(at, at + size));
      }
      return state.staticCalls && readText(state.staticCalls, address, size);
    },
  };
}

/** The section of a loaded module that holds an address, by what the load's event says. */
export function sectionAt(
  module: LoadedModule,
  address: number,
): LoadedModule['laidOut']['sections'][number] | undefined {
  return module.laidOut.sections.find((section) => {
    const start = fromHex(section.address);
    return address >= start && address < start + section.size;
  });
}
