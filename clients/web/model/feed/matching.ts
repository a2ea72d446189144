/** Whether an event is one that the terms of the feed want; and the part of that which the daemon can look for. */
import { fromHex, toHex } from '../../../../protocol/address.ts';
import type { Event, EventOf, EventType } from '../../../../protocol/events/index.ts';
import type { Filter } from '../../../../protocol/filter.ts';
import type { Terms } from './terms.ts';

type Patch = EventOf<'StaticCallPatched'>;

/** What the daemon looks for in the log; `matching` decides. */
export function wireFilter({ key, module, addr }: Terms, kinds: readonly EventType[]): Filter {
  return {
    kinds: [...kinds],
    ...(key.length > 0 && { keys: [...key] }),
    ...(module.length > 0 && { modules: [...module] }),
    ...(addr.length > 0 && { addresses: addr.map(({ from, to }) => ({ from: toHex(from), to: toHex(to) })) }),
  };
}

export interface Matching {
  patch(event: Patch): boolean;
  /** An event that is told by one line of text. */
  other(event: Event, text: string): boolean;
}

export function matching(terms: Terms): Matching {
  const { key, module, addr, words } = terms;
  const classes = setOf<string>(terms.class);
  const whats = setOf<string>(terms.what);
  const atomicities = setOf<string>(terms.atomicity);
  const keys = setOf(key);
  const modules = setOf(module);
  const ofPatches = addr.length > 0 || classes !== null || whats !== null || atomicities !== null;
  return {
    patch: (event) =>
      (keys === null || keys.has(event.key)) &&
      (modules === null || modules.has(event.owner)) &&
      (classes === null || classes.has(event.class)) &&
      (whats === null || whats.has(event.what)) &&
      (atomicities === null || atomicities.has(event.atomicity)) &&
      (addr.length === 0 || touches(event, addr)) &&
      (words.length === 0 || holds(patchText(event), words)),
    other: (event, text) =>
      !ofPatches &&
      (keys === null || ('key' in event && keys.has(event.key))) &&
      (modules === null || modules.has(moduleOf(event))) &&
      (words.length === 0 || holds(text, words)),
  };
}

const setOf = <T>(list: readonly T[]): ReadonlySet<T> | null => (list.length === 0 ? null : new Set(list));

function touches({ address, bytes }: Patch, ranges: Terms['addr']): boolean {
  const start = fromHex(address);
  const end = start + bytes[1].length / 2;
  return ranges.some(({ from, to }) => start < to && from < end);
}

/** Every word of a patch that its row shows. */
const patchText = ({ what, key, owner, address, text, to, class: kind, atomicity, reason }: Patch): string =>
  [what, key, owner, address, text[0], text[1], to[0] ?? '', to[1] ?? '', kind, atomicity, reason].join(' ');

const holds = (text: string, words: readonly string[]): boolean => {
  const lower = text.toLowerCase();
  return words.every((word) => lower.includes(word));
};

function moduleOf(event: Event): string {
  if ('module' in event) return event.module ?? '';
  return 'owner' in event ? event.owner : '';
}
