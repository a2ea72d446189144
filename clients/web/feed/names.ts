/**
 * What the targets of patches are called: trampolines of keys, and functions of the kernel. Of those in modules, PLT entries
 * mostly, there is no end: the inspector tells one when it is chosen.
 */

import { computed } from '@preact/signals';
import { fromHex, type Hex } from '../../../protocol/address.ts';
import { scene } from '../state/app.ts';
import { symbolAt } from '../ui/symbols.ts';

/** As text first, and that only of keys that came anew: what names depend on does not change with every scene. */
const keys = computed(() => scene.value?.keys ?? []);
const trampolineText = computed(() => JSON.stringify(keys.value.map(({ tramp, name }) => [tramp, name])));
const trampolines = computed(() => new Map(JSON.parse(trampolineText.value) as [number, string][]));

/** Addresses of the kernel image: not many of its functions are called by keys. */
const text = computed(() => fromHex(scene.value?.summary.machine?.kernel.text ?? '0x0'));
const end = computed(() => fromHex(scene.value?.summary.machine?.kernel.end ?? '0x0'));

export function nameOf(hex: Hex): string | null {
  const address = fromHex(hex);
  const key = trampolines.value.get(address);
  if (key !== undefined) return `${key}’s trampoline`;
  return address >= text.value && address < end.value ? symbolAt(address) : null;
}
