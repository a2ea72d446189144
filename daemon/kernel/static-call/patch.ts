/** Turning what an architecture writes into events: bytes before and after, both as text, where calls went and go now. */
import { toHex } from '../../../protocol/address.ts';
import type { EventOf } from '../../../protocol/events/index.ts';
import type { CallClass } from '../../../protocol/events/static-call.ts';
import type { Read, Route, Transformed, Write } from '../arch/static-call.ts';
import { type Draft, emit } from '../loader/draft.ts';
import { type Key, readText, type Site, type StaticCalls } from './state.ts';

/** What is known of static calls; throws for a machine without them. */
export function callsOf({ state }: Draft): StaticCalls {
  if (!state.staticCalls) throw new RangeError('this machine has no static calls');
  return state.staticCalls;
}

/** Throws where there is no such key: whoever has its name has looked it up. */
export function keyOf(draft: Draft, name: string): Key {
  const key = callsOf(draft).keys.get(name);
  if (!key) throw new RangeError(`there is no key ${name}`);
  return key;
}

export function reader(draft: Draft): Read {
  return (address, size) => readText(callsOf(draft), address, size);
}

/** arch_static_call_transform(NULL, tramp, func, false), with the func that the key has now. */
export function transformTramp(draft: Draft, name: string): void {
  const key = keyOf(draft, name);
  apply(draft, key, key.owner, undefined, callsOf(draft).arch.transformTramp(key, reader(draft)));
}

/** arch_static_call_transform(site, NULL, func, tail), with the func that the key has now. */
export function transformSite(draft: Draft, key: Key, owner: string, site: Site): void {
  apply(draft, key, owner, site, callsOf(draft).arch.transformSite(site, key, reader(draft)));
}

/** Poisons or defuses the trampoline for the key's first site, where the flavour does so. */
export function retireTramp(draft: Draft, key: Key, owner: string, site: Site): void {
  const { orig, callee, writes } = callsOf(draft).arch.retireTramp(site, key, reader(draft));
  if (orig !== undefined && key.orig === undefined) {
    emit(draft, {
      type: 'StaticCallOrigRecorded',
      key: key.name,
      orig: toHex(orig),
      site: toHex(site.address),
      callee: callee === undefined ? null : toHex(callee),
    });
  }
  for (const write of writes) {
    emit(draft, patched(draft, keyOf(draft, key.name), write.what === 'veneer' ? owner : key.owner, write));
    if (write.what === 'veneer') reroute(draft, owner, write);
  }
}

/** Other sites of the module go through the PLT entry that was written, or through the next one, of which it took a word. */
function reroute(draft: Draft, owner: string, { address, bytes }: Write): void {
  const { arch, tables } = callsOf(draft);
  const read = reader(draft);
  const end = address + bytes.length / 2;
  const sites: EventOf<'StaticCallSitesRerouted'>['sites'] = [];
  for (const [name, table] of tables.get(owner) ?? []) {
    const key = keyOf(draft, name);
    for (const site of table) {
      const to = arch.destination(site.address, read(site.address, arch.siteSize) ?? '');
      if (to === undefined || to < address || to >= end) continue;
      const { class: kind, hops } = whileCalling(arch.route(site.address, key, read));
      sites.push([name, toHex(site.address), kind, hops]);
    }
  }
  if (sites.length > 0) emit(draft, { type: 'StaticCallSitesRerouted', module: owner, sites });
}

function apply(draft: Draft, key: Key, owner: string, site: Site | undefined, { writes, stray }: Transformed): void {
  for (const write of writes) emit(draft, patched(draft, key, owner, write));
  if (!stray || !site) return;
  emit(draft, {
    type: 'StaticCallStrayed',
    key: key.name,
    owner,
    site: toHex(site.address),
    distance: key.func - site.address,
    hops: callsOf(draft).arch.route(site.address, key, reader(draft)).branches.length,
  });
}

/** The event of one write, before it is made. */
function patched(draft: Draft, key: Key, owner: string, write: Write): EventOf<'StaticCallPatched'> {
  const calls = callsOf(draft);
  const { arch } = calls;
  const { what, address, bytes, atomicity, reason } = write;
  const now: Read = (at, size) => readText(calls, at, size);
  const before = now(address, bytes.length / 2) ?? '';
  // A call enters a trampoline at its start, whichever of its words or whatever data is written.
  const start = what === 'site' || what === 'veneer' ? address : key.tramp;
  const then = over(now, address, bytes, arch.granule);
  const { branches: after, class: kind } = arch.route(start, key, then);
  const target = (code: string) => {
    const to = arch.destination(address, code);
    return to === undefined ? null : toHex(to);
  };
  const words = (code: string) => (what === 'literal' ? dataText(code) : arch.text(address, code));
  const callee = arch.callee(key);
  const distance = callee === undefined ? null : callee - (what === 'literal' ? key.tramp : address);
  return {
    type: 'StaticCallPatched',
    what,
    key: key.name,
    owner,
    address: toHex(address),
    bytes: [before, bytes],
    text: [words(before), words(bytes)],
    to: [target(before), target(bytes)],
    distance,
    inReach: distance === null || (distance >= arch.reach.min && distance <= arch.reach.max),
    hops: [arch.route(start, key, now).branches.length, after.length],
    class: kind,
    atomicity,
    reason,
  };
}

/** Memory as it is after `bytes` were written at `address`. */
function over(read: Read, address: number, bytes: string, granule: number): Read {
  const end = address + bytes.length / 2;
  return (at, size) => {
    if (at >= end || at + size <= address) return read(at, size);
    if (at >= address && at + size <= end) return bytes.slice((at - address) * 2, (at - address + size) * 2);
    if (granule === 0) return at === address ? bytes + (read(at, size) ?? '').slice(bytes.length) : read(at, size);
    let code = '';
    for (let piece = at; piece < at + size; piece += granule) {
      code +=
        piece >= address && piece < end
          ? bytes.slice((piece - address) * 2, (piece - address + granule) * 2)
          : (read(piece, granule) ?? '');
    }
    return code;
  };
}

/**
 * What a site goes through while its key calls something: one whose trampoline returns at the moment takes one branch more
 * as soon as that branches again.
 */
export function whileCalling({ class: kind, branches }: Route): { readonly class: CallClass; readonly hops: number } {
  const { length } = branches;
  if (kind !== 'none' || length === 0) return { class: kind, hops: length };
  return { class: length === 1 ? 'veneer' : 'veneers', hops: length + 1 };
}

/** Eight bytes of data as the address that they are. */
function dataText(code: string): string {
  const bytes = code.match(/../g) ?? [];
  return `.quad 0x${bytes.reverse().join('')}`;
}
