/**
 * Where a module's `.data..percpu` goes when nobody says: the lowest fit in the chunk that the kernel reserves for modules
 * (kernel/module/main.c, percpu_modalloc; mm/percpu.c, __alloc_reserved_percpu). These are per-CPU *addresses*, offsets
 * from each CPU's own base, so they take no room in the windows.
 */
import { fromHex } from '../../../protocol/address.ts';
import type { MachineProfile } from '../../../protocol/profile.ts';
import type { Area } from '../region/areas.ts';

/** The largest PERCPU_MODULE_RESERVE there is. */
const CHUNK = 64 * 1024;
/** PCPU_MIN_ALLOC_SIZE: what the chunk is counted in. */
const UNIT = 4;
/** x86-64 counts per-CPU addresses from 0; the kernel's own variables come first. */
const X86_CHUNK_START = 0x30000;

/** The chunk for modules: the profile's; else an invented one, on arm64 at the end of the image, where the real one is too. */
export function percpuChunk({ percpu, arch, kernel }: Pick<MachineProfile, 'percpu' | 'arch' | 'kernel'>): Area {
  if (percpu !== undefined) return { start: fromHex(percpu.start), end: fromHex(percpu.end) };
  if (arch === 'x86-64') return { start: X86_CHUNK_START, end: X86_CHUNK_START + CHUNK };
  const end = fromHex(kernel.end);
  return { start: Math.max(end - CHUNK, fromHex(kernel.text)), end };
}

/**
 * The lowest address in `chunk` for `size` bytes beside `taken` (in order of address); undefined where there is no room
 * (ENOMEM). An alignment beyond a page is cut down to one, as the kernel does.
 */
export function percpuFit(
  chunk: Area,
  taken: readonly (readonly [start: number, end: number, ...unknown[]])[],
  size: number,
  align: number,
  pageSize: number,
): number | undefined {
  const step = Math.min(Math.max(align, UNIT), pageSize);
  let at = Math.ceil(chunk.start / step) * step;
  for (const [start, end] of taken) {
    if (end <= at) continue;
    if (start >= at + size) break;
    at = Math.ceil(end / step) * step;
  }
  return at + size <= chunk.end ? at : undefined;
}
