/**
 * What is at an address, as far as the view tells: at once, while the daemon is still asked what wrote there. The kinds are
 * those of protocol/inspect.ts, and `reserved` and `lazy` for room that nobody may use.
 */
import { fromHex, toHex } from '../../../../protocol/address.ts';
import type { Window } from '../../../../protocol/events/memory.ts';
import type { CallClass } from '../../../../protocol/events/static-call.ts';
import type { Place } from '../../../../protocol/inspect.ts';
import { SITE_INIT, SITE_TAIL } from '../../../../protocol/site-flags.ts';
import type { StaticCallKey } from '../../../../protocol/view/static-call.ts';
import type { View } from '../../../../protocol/view/types.ts';
import { isPlt, ownerOf, PLT_ENTRY, sectionAt, veneerAt } from './memory.ts';

export interface SpotSection {
  readonly name: string;
  readonly address: number;
  readonly size: number;
  readonly offset: number;
}

export interface SpotSite {
  readonly key: string;
  readonly tail: boolean;
  readonly init: boolean;
  readonly class: CallClass;
  readonly hops: number;
  readonly bytes: string;
  /** Where the key's calls arrive; null: nothing is called. */
  readonly calls: number | null;
}

export interface SpotVeneer {
  readonly kind: 'branch' | 'adrp';
  readonly symbol: string;
  readonly target: number;
  /** The branch that asked for the entry first, and how far it is from the target. */
  readonly site: number;
  readonly distance: number;
}

export interface Spot {
  readonly kind: Place['kind'] | 'reserved' | 'lazy';
  /** Of the whole thing that holds the address, and its bytes. */
  readonly start: number;
  readonly size: number;
  /** A module, or vmlinux. */
  readonly owner: string | null;
  readonly window: Window | null;
  readonly section: SpotSection | null;
  /** Of a trampoline, a literal and a key's own memory. */
  readonly key: string | null;
  readonly site: SpotSite | null;
  /** Of a PLT entry. */
  readonly slot: number | null;
  /** Null also for a PLT entry that is reserved and not used. */
  readonly veneer: SpotVeneer | null;
}

const VMLINUX = 'vmlinux';
const LONG = 8;
/** Bytes before an address at which an instruction that holds it may begin. */
const LONGEST_SITE = 5;

export function spotQuery(view: View, address: number): Spot {
  const owned = ownerOf(view, address);
  const inKernel = view.machine !== null && within(view.machine.kernel.text, view.machine.kernel.end, address);
  const section = owned && sectionAt(owned.module, address);
  const sectionStart = section && fromHex(section.address);
  const base = {
    start: address,
    size: 1,
    owner: owned?.module.name ?? (inKernel ? VMLINUX : null),
    window: owned?.module.parts[owned.part]?.window ?? null,
    section:
      section === undefined || sectionStart === undefined
        ? null
        : { name: section.name, address: sectionStart, size: section.size, offset: address - sectionStart },
    key: null,
    site: null,
    slot: null,
    veneer: null,
  };
  const call = callSpot(view, address);
  if (call) return { ...base, ...call };
  if (owned && section && sectionStart !== undefined && isPlt(section) && view.machine?.arch === 'arm64') {
    const slot = Math.floor((address - sectionStart) / PLT_ENTRY);
    const found = veneerAt(owned.module, address);
    const veneer = found && {
      kind: found.kind,
      symbol: found.symbol,
      target: fromHex(found.target),
      site: fromHex(found.site.address),
      distance: found.site.distance,
    };
    const start = sectionStart + slot * PLT_ENTRY;
    return { ...base, kind: 'plt', start, size: PLT_ENTRY, slot, veneer: veneer ?? null };
  }
  if (section) return { ...base, kind: 'section' };
  if (owned) return { ...base, kind: 'memory' };
  if (inKernel) return { ...base, kind: 'kernel' };
  return { ...base, ...roomAt(view, address) };
}

type Found = Pick<Spot, 'kind' | 'start' | 'size'> & Partial<Spot>;

function callSpot(view: View, address: number): Found | undefined {
  const site = siteSpot(view, address);
  if (site) return site;
  for (const key of view.staticCalls.keys.values()) {
    const found = keySpot(key, address);
    if (found) return { ...found, owner: key.owner, key: key.name };
  }
  return undefined;
}

function keySpot(key: StaticCallKey, address: number): Found | undefined {
  const spots: readonly Found[] = [
    { kind: 'trampoline', start: fromHex(key.tramp), size: key.bytes.length / 2 },
    { kind: 'key', start: fromHex(key.address), size: LONG },
    ...(key.literal === null ? [] : [{ kind: 'literal' as const, start: fromHex(key.literal), size: LONG }]),
  ];
  return spots.find(({ start, size }) => address >= start && address < start + size);
}

function siteSpot({ staticCalls }: View, address: number): Found | undefined {
  for (let start = address; start > address - LONGEST_SITE - 1; start--) {
    const found = staticCalls.sites.get(toHex(start));
    if (found === undefined || found.site.bytes === null) continue;
    const { site, link, key } = found;
    const size = found.site.bytes.length / 2;
    if (address >= start + size) return undefined;
    const calls = staticCalls.keys.get(key)?.calls ?? null;
    return {
      kind: 'site',
      start,
      size,
      owner: link.owner,
      key,
      site: {
        key,
        tail: (site.flags & SITE_TAIL) !== 0,
        init: (site.flags & SITE_INIT) !== 0,
        class: calls === null ? 'none' : site.class,
        hops: site.hops,
        bytes: found.site.bytes,
        calls: calls === null ? null : fromHex(calls),
      },
    };
  }
  return undefined;
}

/** Memory of no module and not of the image. */
function roomAt({ areas, machine }: View, address: number): Found {
  for (const area of areas.values()) {
    const start = fromHex(area.address);
    if (area.lazy && address >= start && address < start + area.size + area.guard) {
      return { kind: 'lazy', start, size: area.size, owner: area.module, window: area.window };
    }
  }
  const taken = machine?.reserved.find(([start, end]) => within(start, end, address));
  if (taken === undefined) return { kind: 'free', start: address, size: 1 };
  const [start, end] = [fromHex(taken[0]), fromHex(taken[1])];
  return { kind: 'reserved', start, size: end - start };
}

const within = (start: string, end: string, address: number): boolean =>
  address >= fromHex(start) && address < fromHex(end);
