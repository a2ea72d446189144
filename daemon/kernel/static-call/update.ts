/**
 * static_call_update().
 * Models kernel/static_call_inline.c `__static_call_update`, v6.1 and v6.12, and include/linux/static_call.h where sites
 * are not patched.
 */
import { fromHex, toHex } from '../../../protocol/address.ts';
import type { CommandOf } from '../../../protocol/commands.ts';
import { KernelBug } from '../arch/kernel-bug.ts';
import type { Decision } from '../kernel.ts';
import { type Draft, emit } from '../loader/draft.ts';
import { inventedSymbol } from '../machine/presets.ts';
import type { State } from '../state.ts';
import { callsOf, keyOf, transformSite, transformTramp } from './patch.ts';

export interface Update {
  readonly key: string;
  readonly func: string;
}

/** Why an update makes no sense on this machine. */
export type Refusal = { readonly code: 'no-such-key' | 'bad-command'; readonly message: string };

/** The `update` command. */
export function updateStaticCall(state: State, { key, func }: CommandOf<'update'>): Decision {
  if (!state.profile) return { ok: false, code: 'no-such-machine', message: 'the machine is not booted' };
  const draft: Draft = { state, events: [] };
  const refused = update(draft, { key, func }, 'update');
  return refused ? { ok: false, ...refused } : { ok: true, events: draft.events, state: draft.state };
}

/** Updates made by a module's init or exit function, in order; stops at the first that makes no sense. */
export function updateAll(draft: Draft, updates: readonly Update[] | undefined, by: string): Refusal | undefined {
  for (const one of updates ?? []) {
    const refused = update(draft, one, by);
    if (refused) return refused;
  }
  return undefined;
}

function update(draft: Draft, { key: name, func }: Update, by: string): Refusal | undefined {
  const key = draft.state.staticCalls?.keys.get(name);
  if (!key) return { code: 'no-such-key', message: `there is no static-call key ${name}` };
  const to = resolveFunc(draft.state, func);
  if (to === undefined) {
    const message = `func is ${func}, expected an address, 0x0 for NULL, or a symbol that is exported`;
    return { code: 'bad-command', message };
  }
  if (to === key.func) {
    emit(draft, { type: 'StaticCallFuncKept', key: name, func: toHex(to), by });
    return undefined;
  }
  const { arch } = callsOf(draft);
  const calls = arch.callee({ ...key, func: to });
  const target = calls === undefined ? null : toHex(calls);
  emit(draft, { type: 'StaticCallFuncSet', key: name, from: toHex(key.func), to: toHex(to), calls: target, by });
  try {
    transformTramp(draft, name);
    if (arch.inline) transformSites(draft, name);
    return undefined;
  } catch (error) {
    if (error instanceof KernelBug) return { code: 'bad-command', message: `kernel BUG: ${error.message}` };
    throw error;
  }
}

/** Every site of every node in list order; those in init text only while their module is COMING. */
function transformSites(draft: Draft, name: string): void {
  const key = keyOf(draft, name);
  for (const { owner, sites } of key.own ? [key.own] : key.mods) {
    const coming = draft.state.modules.get(owner)?.state === 'COMING';
    for (const site of sites) {
      if (coming || !site.init) transformSite(draft, key, owner, site);
    }
  }
}

/** The address that `func` names; undefined where nobody has it. */
export function resolveFunc({ profile, exports }: State, func: string): number | undefined {
  if (func.startsWith('0x')) {
    const address = fromHex(func);
    return Number.isNaN(address) ? undefined : address;
  }
  const known = profile?.symbols.get(func) ?? exports.get(func)?.address;
  return known ?? (profile?.source.openSymbols ? inventedSymbol(profile.source, func) : undefined);
}
