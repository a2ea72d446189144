/**
 * KASLR from a seed: where the image lies, and where the windows lie around it.
 * Image: arch/arm64/kernel/pi/kaslr_early.c (the middle half of the vmalloc range, 2 MB steps), for x86-64
 * arch/x86/boot/compressed/kaslr.c (2 MB steps between 16 MB and 1 GB above __START_KERNEL_map).
 * Windows: arch/arm64/kernel/kaslr.c (v6.1), arch/arm64/mm/init.c (v6.12), get_module_load_offset in
 * arch/x86/kernel/module.c. The kernel's own random numbers are not to be had: only what it does with them is modelled.
 */
import type { MachineProfile } from '../../../protocol/profile.ts';
import type { Windows } from '../region/region.ts';
import type { Random } from './random.ts';
import { DIRECT_SIZE, FALLBACK_SIZE, type KernelImage, span, X86_WINDOW } from './windows.ts';

/** MIN_KIMG_ALIGN, and x86-64's CONFIG_PHYSICAL_ALIGN. */
const STEP = 2 ** 21;
/** MODULES_VADDR and the start of all other mappings with 48-bit addresses. */
const ARM64_MODULES_VADDR = -(2 ** 47);
/** MODULES_VSIZE: the image is linked that far above MODULES_VADDR. */
const ARM64_MODULES_VSIZE = { 'linux-6.1': DIRECT_SIZE, 'linux-6.12': FALLBACK_SIZE } as const;
/** The middle half of the 2^47 bytes above the image's linked place. */
const ARM64_SLIDE = { from: 2 ** 45, size: 2 ** 46 } as const;
const X86_KERNEL_MAP = { start: -(2 ** 31), size: 2 ** 30, from: 2 ** 24 } as const;
/** The most pages by which x86-64 moves the start of its window. */
const X86_LOAD_OFFSET_PAGES = 1024;

/** The facts of a machine that KASLR works with. */
export interface Unmoved {
  readonly arch: MachineProfile['arch'];
  readonly layout: MachineProfile['layout'];
  readonly pageSize: number;
  readonly kernel: KernelImage;
  /** CONFIG_RANDOMIZE_MODULE_REGION_FULL. */
  readonly full: boolean;
}

/** How far the image moves, in bytes: a multiple of 2 MB. An image without room to move stays. */
export function imageSlide({ arch, layout, kernel }: Unmoved, random: Random): number {
  const within = kernel.text - Math.floor(kernel.text / STEP) * STEP;
  if (arch === 'x86-64') {
    const room = X86_KERNEL_MAP.size - X86_KERNEL_MAP.from - (kernel.end - kernel.text) - within;
    if (room < 0) return 0;
    const slot = random(Math.floor(room / STEP) + 1);
    return X86_KERNEL_MAP.start + X86_KERNEL_MAP.from + slot * STEP + within - kernel.text;
  }
  const linked = ARM64_MODULES_VADDR + ARM64_MODULES_VSIZE[layout];
  return linked + ARM64_SLIDE.from + random(ARM64_SLIDE.size / STEP) * STEP + within - kernel.text;
}

/** The windows of a machine whose image (`kernel`) was moved already. */
export function randomWindows({ arch, layout, pageSize, kernel, full }: Unmoved, random: Random): Windows {
  if (arch === 'x86-64') {
    const offset = (random(X86_LOAD_OFFSET_PAGES) + 1) * pageSize;
    return { direct: { start: X86_WINDOW.start + offset, end: X86_WINDOW.end }, fallback: undefined };
  }
  return layout === 'linux-6.1'
    ? scaledBase(kernel, pageSize, full, random)
    : boundingBoxes(kernel, pageSize, full, random);
}

/** v6.1: one random base for both windows, scaled by 21 random bits. */
function scaledBase({ text, etext, end }: KernelImage, pageSize: number, full: boolean, random: Random): Windows {
  const lowest = full ? Math.max(end - FALLBACK_SIZE, ARM64_MODULES_VADDR) : etext - DIRECT_SIZE;
  const range = Math.max(0, full ? FALLBACK_SIZE - (end - text) : DIRECT_SIZE - (etext - text));
  const base = lowest + Math.floor((range * random(2 ** 21)) / 2 ** 21);
  const start = Math.floor(base / pageSize) * pageSize;
  return { direct: span(start, DIRECT_SIZE), fallback: span(start, FALLBACK_SIZE) };
}

/** v6.12: a box around the image, and a larger one around that. */
function boundingBoxes({ text, end }: KernelImage, pageSize: number, full: boolean, random: Random): Windows {
  const box = (size: number, from: number, to: number) => {
    if (to - from >= size) return undefined;
    return span(from - random(Math.floor((size - (to - from)) / pageSize) + 1) * pageSize, size);
  };
  const direct = full ? undefined : box(DIRECT_SIZE, text, end);
  return { direct, fallback: box(FALLBACK_SIZE, direct?.start ?? text, direct?.end ?? end) };
}
