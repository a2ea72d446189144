/**
 * The kernel's own keys and sites as boot leaves them: static_call_init() has sorted the table and transformed every site.
 * A profile's `vmlinuxSites` are that final table; where it tells no bytes, a site is in init text that is gone.
 */
import { fromHex, toHex } from '../../../protocol/address.ts';
import type { Event, EventOf } from '../../../protocol/events/index.ts';
import { SITE_TAIL } from '../../../protocol/events/static-call.ts';
import type { KeyProfile } from '../../../protocol/profile.ts';
import type { KeyFacts } from '../arch/static-call.ts';
import { type Draft, emit } from '../loader/draft.ts';
import type { State } from '../state.ts';
import { callsOf, reader, whileCalling } from './patch.ts';
import { VMLINUX } from './state.ts';
import { resolveFunc } from './update.ts';

/** The events that follow `MachineBooted`: none for a machine without static calls. */
export function bootStaticCalls(state: State): { readonly events: readonly Event[]; readonly state: State } {
  const draft: Draft = { state, events: [] };
  const profile = state.profile?.source.staticCalls;
  if (state.staticCalls && profile) {
    const sites = profile.vmlinuxSites ?? [];
    const withSites = new Set(sites.map(([, key]) => key));
    emit(draft, keysEvent(draft, profile.keys, withSites));
    if (sites.length > 0) emit(draft, sitesEvent(draft, sites));
  }
  return { events: draft.events, state: draft.state };
}

function keysEvent(
  draft: Draft,
  keys: Readonly<Record<string, KeyProfile>>,
  withSites: ReadonlySet<string>,
): EventOf<'StaticCallKeysAdded'> {
  const { arch } = callsOf(draft);
  return {
    type: 'StaticCallKeysAdded',
    module: VMLINUX,
    keys: Object.entries(keys).map(([name, key]) => {
      const hasSites = withSites.has(name);
      const facts: KeyFacts = {
        address: fromHex(key.address),
        func: resolveFunc(draft.state, key.func) ?? 0,
        tramp: fromHex(key.tramp),
        literal: key.literal === undefined ? undefined : fromHex(key.literal),
        orig: undefined,
      };
      const told = arch.bootSite ? undefined : key.trampBytes;
      const bytes = told ?? arch.bootTramp(facts, hasSites);
      const callee = arch.callee(facts);
      return {
        name,
        address: toHex(facts.address),
        func: toHex(facts.func),
        calls: callee === undefined ? null : toHex(callee),
        tramp: toHex(facts.tramp),
        bytes,
        text: arch.text(facts.tramp, bytes),
        ...(facts.literal === undefined ? {} : { literal: toHex(facts.literal) }),
        ...(arch.bootLiteral && facts.literal !== undefined ? { literalBytes: arch.bootLiteral(facts) } : {}),
      };
    }),
  };
}

type VmlinuxSites = NonNullable<NonNullable<State['profile']>['source']['staticCalls']>['vmlinuxSites'] & object;

function sitesEvent(draft: Draft, sites: VmlinuxSites): EventOf<'StaticCallSitesSorted'> {
  const { arch, keys } = callsOf(draft);
  const read = reader(draft);
  const runs = new Map<string, EventOf<'StaticCallSitesSorted'>['runs'][number]>();
  for (const [hex, name, flags, told] of sites) {
    const key = keys.get(name);
    if (!key) continue;
    const run = runs.get(name) ?? { key: name, sites: [] };
    runs.set(name, run);
    const address = fromHex(hex);
    const site = { address, tail: (flags & SITE_TAIL) !== 0, veneer: undefined };
    const bytes = told === null ? null : (arch.bootSite?.(site, key, told) ?? told);
    if (bytes === null) {
      run.sites.push([toHex(address), flags, null, 'none', 0, null]);
      continue;
    }
    const route = arch.route(address, key, (at, size) => (at === address ? bytes.slice(0, size * 2) : read(at, size)));
    const { class: kind, hops } = whileCalling(route);
    run.sites.push([toHex(address), flags, bytes.slice(0, arch.siteSize * 2), kind, hops, null]);
  }
  return { type: 'StaticCallSitesSorted', module: VMLINUX, runs: [...runs.values()] };
}
