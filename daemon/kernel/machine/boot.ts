/**
 * The `boot` command: from a preset, a profile and a seed to one whole profile, which `MachineBooted` keeps. What it says
 * is final; nothing of a machine is decided at any other place.
 */
import { toHex } from '../../../protocol/address.ts';
import type { CommandOf } from '../../../protocol/commands.ts';
import type { EventOf } from '../../../protocol/events/index.ts';
import type { MachineProfile } from '../../../protocol/profile.ts';
import type { Decision } from '../kernel.ts';
import { evolve, type State } from '../state.ts';
import { bootStaticCalls } from '../static-call/boot.ts';
import { faultOf } from './check.ts';
import { moveBy, regionOf } from './move.ts';
import { DEFAULT_PRESET, PRESETS, type Preset, presetFor } from './presets.ts';
import { imageData, imageOf, windowsOf } from './windows.ts';

type BootCommand = CommandOf<'boot'>;
/** A profile whose windows may still have to follow from its image. */
type Unplaced = Preset & Partial<Pick<MachineProfile, 'moduleRegion' | 'reserved'>>;
type Resolved = { readonly ok: true; readonly profile: Unplaced } | { readonly ok: false; readonly message: string };

export function boot(state: State, command: BootCommand): Decision {
  if (state.profile !== undefined) return refusal('machine-exists', 'this machine is booted already');

  // 1. Preset and profile make one profile.
  const named = overlay(command);
  if (!named.ok) return refusal('bad-command', named.message);

  // 2. It has to make sense: the rest follows from it.
  const { moduleRegion = {}, reserved = [] } = named.profile;
  const fault = faultOf({ ...named.profile, moduleRegion, reserved });
  if (fault !== undefined) return refusal('bad-command', `profile: ${fault}`);

  // 3. Windows, and what the image takes of them, where nobody says.
  const placed = placeWindows(named.profile);

  // 4. KASLR.
  const profile = command.kaslrSeed === undefined ? placed : moveBy(placed, command.kaslrSeed);
  const event: EventOf<'MachineBooted'> = { type: 'MachineBooted', profile };
  const calls = bootStaticCalls(evolve(state, event));
  return { ok: true, events: [event, ...calls.events], state: calls.state };
}

/** The profile over the preset; a profile alone over the preset of its architecture and layout. */
function overlay(command: BootCommand): Resolved {
  const { preset, profile = {} } = command;
  if (isWhole(profile) && preset === undefined) return { ok: true, profile };
  const name = presetOf(command);
  if (name === undefined)
    return { ok: false, message: 'profile: /arch or /layout is missing, expected both or a preset' };
  const base = PRESETS.get(name);
  if (base === undefined)
    return { ok: false, message: `preset is ${name}, expected one of ${[...PRESETS.keys()].join(', ')}` };
  if (preset === undefined && profile.symbols && !profile.kernel)
    return { ok: false, message: 'profile: /kernel is missing, expected it with /symbols or a preset' };
  return { ok: true, profile: over(base, profile) };
}

/** The preset that completes the profile of a boot; undefined where none does. */
export function presetOf({ preset, profile }: BootCommand): string | undefined {
  if (preset !== undefined || profile === undefined) return preset ?? DEFAULT_PRESET;
  const { arch, layout } = profile;
  return isWhole(profile) || !arch || !layout ? undefined : presetFor(arch, layout);
}

/** A kernel whose symbols are known exports those and no other. */
function over(base: Preset, profile: Partial<MachineProfile>): Unplaced {
  const { openSymbols, ...closed } = base;
  return { ...closed, ...(openSymbols && profile.symbols === undefined && { openSymbols }), ...profile };
}

function isWhole(profile: Partial<MachineProfile>): profile is Unplaced {
  const { arch, layout, pageSize, kallsymsAll, kernel, symbols } = profile;
  return [arch, layout, pageSize, kallsymsAll, kernel, symbols].every((field) => field !== undefined);
}

function placeWindows(profile: Unplaced): MachineProfile {
  const { arch, layout, pageSize } = profile;
  const kernel = imageOf(profile);
  const image = { start: Math.floor(kernel.text / pageSize) * pageSize, end: imageData(kernel, pageSize).end };
  return {
    ...profile,
    moduleRegion: profile.moduleRegion ?? regionOf(windowsOf(arch, layout, kernel, pageSize)),
    reserved: profile.reserved ?? (arch === 'arm64' ? [[toHex(image.start), toHex(image.end)]] : []),
  };
}

function refusal(code: 'machine-exists' | 'bad-command', message: string): Decision {
  return { ok: false, code, message };
}
