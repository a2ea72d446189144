/**
 * What the targets of patches are called: trampolines of keys, and functions of the kernel. Of those in modules, PLT entries
 * mostly, there is no end: the inspector tells one when it is chosen.
 */

import { computed } from '@preact/signals';
import { fromHex, type Hex } from '../../../protocol/address.ts';
import { scene } from '../state/app.ts';
import { symbolAt } from '../ui/symbols.ts';

const trampolines = computed(() => new Map(scene.value?.keys.map(({ tramp, name }) => [tramp, name]) ?? []));

/** Addresses of the kernel image: not many of its functions are called by keys. */
const kernel = computed(() => {
  const image = scene.value?.summary.machine?.kernel;
  return image === undefined ? { text: 0, end: 0 } : { text: fromHex(image.text), end: fromHex(image.end) };
});

export function nameOf(hex: Hex): string | null {
  const address = fromHex(hex);
  const key = trampolines.value.get(address);
  if (key !== undefined) return `${key}’s trampoline`;
  const { text, end } = kernel.value;
  return address >= text && address < end ? symbolAt(address) : null;
}
