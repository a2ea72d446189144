/**
 * Invented machines: an image of a realistic size where the layout links it, and any symbol that a module asks for. So a
 * machine boots with no file at all. Windows and what the image takes of them follow from layout and image.
 */
import type { MachineProfile } from '../../../protocol/profile.ts';
import { mix } from './random.ts';
import { imageOf } from './windows.ts';

export type Preset = Omit<MachineProfile, 'moduleRegion' | 'reserved'>;

const INVENTED = { symbols: {}, openSymbols: true } as const;

const ARM64_6_1: Preset = {
  ...INVENTED,
  arch: 'arm64',
  layout: 'linux-6.1',
  pageSize: 4096,
  kallsymsAll: false,
  kernel: { text: '0xffff800008000000', etext: '0xffff800008d00000', end: '0xffff80000a010000' },
  randomizeModuleRegionFull: true,
};

const ARM64_6_12: Preset = {
  ...INVENTED,
  arch: 'arm64',
  layout: 'linux-6.12',
  pageSize: 4096,
  kallsymsAll: true,
  kernel: { text: '0xffff800080000000', etext: '0xffff800080f60000', end: '0xffff8000824f0000' },
};

const X86_64_6_1: Preset = {
  ...INVENTED,
  arch: 'x86-64',
  layout: 'linux-6.1',
  pageSize: 4096,
  kallsymsAll: true,
  kernel: { text: '0xffffffff81000000', etext: '0xffffffff81e02000', end: '0xffffffff84430000' },
};

const X86_64_6_12: Preset = {
  ...X86_64_6_1,
  layout: 'linux-6.12',
  kernel: { text: '0xffffffff81000000', etext: '0xffffffff82000000', end: '0xffffffff83c30000' },
};

export const DEFAULT_PRESET = 'arm64-6.1';

export const PRESETS: ReadonlyMap<string, Preset> = new Map([
  [DEFAULT_PRESET, ARM64_6_1],
  ['arm64-6.12', ARM64_6_12],
  ['arm64-6.12-16k', { ...ARM64_6_12, pageSize: 16384 }],
  ['arm64-6.12-64k', { ...ARM64_6_12, pageSize: 65536 }],
  ['x86-64-6.1', X86_64_6_1],
  ['x86-64-6.12', X86_64_6_12],
]);

/** The name of the preset that completes a profile which names an architecture and a layout only. */
export function presetFor(arch: MachineProfile['arch'], layout: MachineProfile['layout']): string {
  return `${arch}-${layout.slice('linux-'.length)}`;
}

/** What compilers align functions to. */
const ALIGN = 16;

/**
 * Where vmlinux of a machine with `openSymbols` exports `name`: a multiple of 16 in [text, etext), by the name's hash (FNV-1a over its UTF-16 units, mixed).
 * Pure; it moves with the image. Two names may share an address.
 */
export function inventedSymbol(profile: Pick<MachineProfile, 'kernel'>, name: string): number {
  const { text, etext } = imageOf(profile);
  const first = Math.ceil(text / ALIGN) * ALIGN;
  const slots = Math.max(1, Math.ceil((etext - first) / ALIGN));
  let hash = 0x811c9dc5;
  for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193);
  return first + (mix(hash) % slots) * ALIGN;
}
