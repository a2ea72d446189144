/**
 * The windows of a machine that was booted without KASLR, where its profile does not give them:
 * arch/arm64/kernel/kaslr.c and module.c (v6.1), arch/arm64/mm/init.c, module_init_limits (v6.12), and MODULES_VADDR and
 * MODULES_END of arch/x86/include/asm/pgtable_64_types.h (the same in both).
 */
import { fromHex } from '../../../protocol/address.ts';
import type { MachineProfile } from '../../../protocol/profile.ts';
import type { Area } from '../region/areas.ts';
import type { Windows } from '../region/region.ts';

/** The kernel image in memory: [text, etext) is code, [text, end) is all of it. */
export interface KernelImage {
  readonly text: number;
  readonly etext: number;
  readonly end: number;
}

/** The reach of a BL or B, and so the size of the window in which no branch needs a veneer. */
export const DIRECT_SIZE = 128 * 2 ** 20;
/** The reach of a PREL32. */
export const FALLBACK_SIZE = 2 ** 31;
/** x86-64's one window: 0xffffffffc0000000 to 0xffffffffff000000. */
export const X86_WINDOW: Area = { start: -(2 ** 30), end: -(2 ** 24) };

export function windowsOf(
  arch: MachineProfile['arch'],
  layout: MachineProfile['layout'],
  { text, etext, end }: KernelImage,
  pageSize: number,
): Windows {
  if (arch === 'x86-64') return { direct: X86_WINDOW, fallback: undefined };
  if (layout === 'linux-6.1') {
    const start = etext - DIRECT_SIZE;
    return { direct: pages(start, DIRECT_SIZE, pageSize), fallback: pages(start, FALLBACK_SIZE, pageSize) };
  }
  const size = end - text;
  return {
    direct: size < DIRECT_SIZE ? pages(end - DIRECT_SIZE, DIRECT_SIZE, pageSize) : undefined,
    fallback: size < FALLBACK_SIZE ? pages(end - FALLBACK_SIZE, FALLBACK_SIZE, pageSize) : undefined,
  };
}

/** The whole pages of a window: the allocator gives no other. */
function pages(start: number, size: number, pageSize: number): Area {
  return { start: Math.ceil(start / pageSize) * pageSize, end: Math.floor((start + size) / pageSize) * pageSize };
}

export function span(start: number, size: number): Area {
  return { start, end: start + size };
}

/** What the image takes of the windows beside its code: [etext, end) and the guard page that ends it. */
export function imageData({ etext, end }: KernelImage, pageSize: number): Area {
  return { start: Math.floor(etext / pageSize) * pageSize, end: Math.ceil(end / pageSize) * pageSize + pageSize };
}

/** The last one: every invented symbol asks, and mostly of the same profile. */
let last: { readonly kernel: MachineProfile['kernel']; readonly image: KernelImage } | undefined;

export function imageOf({ kernel }: Pick<MachineProfile, 'kernel'>): KernelImage {
  if (last?.kernel !== kernel) {
    last = { kernel, image: { text: fromHex(kernel.text), etext: fromHex(kernel.etext), end: fromHex(kernel.end) } };
  }
  return last.image;
}
