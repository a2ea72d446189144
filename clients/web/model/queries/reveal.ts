/** Where the panel of keys has what is chosen: which rows have to be open, and which row it is. */
import { toHex } from '../../../../protocol/address.ts';
import type { View } from '../../../../protocol/view/types.ts';
import type { Selection } from '../../state/selection.ts';
import { keyId, ownerId, siteId } from './key-rows.ts';

export interface Reveal {
  readonly open: readonly string[];
  readonly show: string;
}

/** Null for what the panel does not have. */
export function revealQuery({ staticCalls }: View, selection: Selection | null): Reveal | null {
  switch (selection?.kind) {
    case 'key':
      return staticCalls.keys.has(selection.name)
        ? { open: [keyId(selection.name)], show: keyId(selection.name) }
        : null;
    case 'module': {
      const [key] = staticCalls.links.get(selection.name)?.keys() ?? [];
      return key === undefined ? null : { open: [keyId(key)], show: ownerId(key, selection.name) };
    }
    case 'address': {
      const address = toHex(selection.address);
      const found = staticCalls.sites.get(address);
      if (found === undefined) return null;
      return { open: [keyId(found.key), ownerId(found.key, found.link.owner)], show: siteId(address) };
    }
    default:
      return null;
  }
}
