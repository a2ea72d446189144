/** What the targets of patches are called: trampolines and functions of the keys. Of others the daemon is not asked. */

import { computed } from '@preact/signals';
import { fromHex, type Hex } from '../../../protocol/address.ts';
import { scene } from '../state/app.ts';
import { symbolAt } from '../ui/symbols.ts';

const known = computed(() => {
  const keys = scene.value?.keys ?? [];
  return {
    trampolines: new Map(keys.map(({ tramp, name }) => [tramp, name])),
    functions: new Set(keys.flatMap(({ calls, func }) => [calls ?? func, func])),
  };
});

export function nameOf(hex: Hex): string | null {
  const address = fromHex(hex);
  const { trampolines, functions } = known.value;
  const key = trampolines.get(address);
  if (key !== undefined) return `${key}’s trampoline`;
  return functions.has(address) ? symbolAt(address) : null;
}
