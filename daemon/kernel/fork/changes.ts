/**
 * The boot command of a fork: the source's own with the changes over it. Windows, reserved areas and static-call functions
 * are changed in the machine as it was booted, so that they are where they say and the image stays where KASLR put it.
 */
import type { CommandOf } from '../../../protocol/commands.ts';
import type { ForkChanges, ProfileChanges } from '../../../protocol/fork.ts';
import { inventedKey } from '../../../protocol/invented-key.ts';
import type { MachineProfile } from '../../../protocol/profile.ts';
import type { Decision } from '../kernel.ts';
import { boot, presetOf } from '../machine/boot.ts';
import { initialState } from '../state.ts';

type BootCommand = CommandOf<'boot'>;
type Profile = NonNullable<BootCommand['profile']>;
type StaticCalls = NonNullable<MachineProfile['staticCalls']>;
type Changed = { readonly ok: true; readonly command: BootCommand } | Fault;
type Fault = { readonly ok: false; readonly message: string };
export type BootedFork = (Extract<Decision, { ok: true }> & { readonly command: BootCommand }) | Fault;

/** Whether the changes concern the machine itself: its very boot is another one then. */
export function changesBoot({ profile, kaslrSeed, staticCalls }: ForkChanges): boolean {
  return profile !== undefined || kaslrSeed !== undefined || staticCalls !== undefined;
}

/** The fork as it is booted. Refused with what is wrong with the changes, by path. */
export function bootFork(source: BootCommand, changes: ForkChanges): BootedFork {
  const changed = changedBoot(source, changes);
  if (!changed.ok) return changed;
  const booted = boot(initialState(), changed.command);
  return booted.ok ? { ...booted, command: changed.command } : booted;
}

function changedBoot(source: BootCommand, changes: ForkChanges): Changed {
  const { moduleRegion, reserved, ...fields } = changes.profile ?? {};
  const backToBoot = { ...(moduleRegion === null && { moduleRegion }), ...(reserved === null && { reserved }) };
  const { profile: _, kaslrSeed: seed, type } = source;
  if (changes.kaslrSeed === null && source.profile?.kaslrSeed !== undefined) {
    const { kaslrSeed: moved } = source.profile;
    return {
      ok: false,
      message: `kaslrSeed is null, and the profile was moved by seed ${moved} already: it does not tell from where`,
    };
  }
  const profile = overlaid(source.profile ?? {}, { ...fields, ...backToBoot });
  const kaslrSeed = changes.kaslrSeed === undefined ? seed : (changes.kaslrSeed ?? undefined);
  // The preset of the source's layout: with other rules, the image stays the one that it is.
  const preset = presetOf(source);
  const command: BootCommand = {
    type,
    ...(preset !== undefined && { preset }),
    ...((source.profile || Object.keys(profile).length > 0) && { profile }),
    ...(kaslrSeed !== undefined && { kaslrSeed }),
  };
  const { staticCalls } = changes;
  if (!moduleRegion && !reserved && !staticCalls) return { ok: true, command };

  const booted = boot(initialState(), command);
  if (!booted.ok) return booted;
  const [event] = booted.events;
  if (event?.type !== 'MachineBooted') throw new RangeError('a boot does not begin with MachineBooted');
  const whole = event.profile;
  const calls = staticCalls ? changedCalls(whole, staticCalls) : undefined;
  if (typeof calls === 'string') return { ok: false, message: calls };
  const final: MachineProfile = {
    ...whole,
    ...(moduleRegion && { moduleRegion: { ...whole.moduleRegion, ...moduleRegion } }),
    ...(reserved && { reserved }),
    ...(calls && { staticCalls: calls }),
  };
  return { ok: true, command: { type: 'boot', profile: final } };
}

function overlaid(profile: Profile, changes: ProfileChanges): Profile {
  const fields = Object.entries({ ...profile, ...changes }).filter(([, value]) => value !== null);
  return Object.fromEntries(fields);
}

/** A message where that can't be. */
function changedCalls(
  profile: MachineProfile,
  { with: added = [], without = [] }: NonNullable<ForkChanges['staticCalls']>,
): StaticCalls | string {
  const calls = profile.staticCalls ?? { keys: {} };
  const gone = new Set<string>();
  for (const name of without) {
    const keys = Object.entries(calls.keys).filter(([key, { symbol }]) => key === name || symbol === name);
    if (keys.length === 0) return `staticCalls: /without names ${name}, expected a key of the machine`;
    for (const [key] of keys) gone.add(key);
  }
  const keys = Object.fromEntries(Object.entries(calls.keys).filter(([key]) => !gone.has(key)));
  if (added.length > 0 && profile.arch !== 'arm64') {
    return 'staticCalls: /with names functions, expected none: on x86-64 a module says itself which calls are static';
  }
  for (const symbol of added) {
    if (Object.hasOwn(keys, symbol)) return `staticCalls: /with names ${symbol}, which is a key of the machine already`;
    keys[symbol] = inventedKey(profile, keys, symbol);
  }
  const { trampKeys, vmlinuxSites } = calls;
  return {
    keys,
    ...(trampKeys && { trampKeys: trampKeys.filter(([, , key]) => !gone.has(key)) }),
    ...(vmlinuxSites && { vmlinuxSites: vmlinuxSites.filter(([, key]) => !gone.has(key)) }),
  };
}
