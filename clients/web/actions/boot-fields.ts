/** What the boot dialog says, as the fields of a `boot` command; and at which of its fields a refusal belongs. */
import type { CommandOf } from '../../../protocol/commands.ts';
import { inventedKey } from '../../../protocol/invented-key.ts';
import type { PresetAnswer } from '../../../protocol/presets.ts';
import type { Flavour, KeyProfile, Layout, MachineProfile } from '../../../protocol/profile.ts';

export interface BootForm {
  readonly name: string;
  readonly preset: string;
  /** Empty: the preset's. */
  readonly layout: Layout | '';
  /** Empty: no static calls. */
  readonly flavour: Flavour | '';
  /** Names, apart by blanks or commas. */
  readonly functions: string;
  /** Empty: no KASLR. */
  readonly seed: string;
  /** JSON, or empty. */
  readonly profile: string;
}

export type BootField = keyof BootForm;
export type FieldFault = { readonly field: BootField; readonly message: string };
export type BootFields = Omit<CommandOf<'boot'>, 'type'>;

export function bootFields(form: BootForm, presets: readonly PresetAnswer[]): BootFields | FieldFault {
  const own = parseProfile(form.profile);
  if ('message' in own) return { field: 'profile', message: own.message };
  const seed = form.seed.trim();
  if (seed !== '' && !/^\d+$/.test(seed))
    return { field: 'seed', message: 'A seed is a whole number from 0 to 4294967295.' };
  const preset = presets.find(({ name }) => name === form.preset)?.profile;
  const kernel = own.profile.kernel ?? preset?.kernel;
  const names = form.flavour === '' || preset?.arch !== 'arm64' ? [] : namesOf(form.functions);
  const profile: Partial<MachineProfile> = {
    ...(form.layout !== '' && { layout: form.layout }),
    ...(form.flavour !== '' && { staticCall: form.flavour }),
    ...(names.length > 0 && kernel && { staticCalls: { keys: keysFor(names, kernel) } }),
    ...own.profile,
  };
  return {
    preset: form.preset,
    ...(Object.keys(profile).length > 0 && { profile }),
    ...(seed !== '' && { kaslrSeed: Number(seed) }),
  };
}

export const namesOf = (text: string): readonly string[] => [...new Set(text.split(/[\s,]+/).filter(Boolean))];

function keysFor(names: readonly string[], kernel: MachineProfile['kernel']): Record<string, KeyProfile> {
  const keys: Record<string, KeyProfile> = {};
  for (const name of names) keys[name] = inventedKey({ kernel }, keys, name);
  return keys;
}

/** What is in it the daemon checks; here it only has to be an object. */
export function parseProfile(
  text: string,
): { readonly profile: Partial<MachineProfile> } | { readonly message: string } {
  if (text.trim() === '') return { profile: {} };
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { profile: value };
    return { message: 'Expected a JSON object, the fields of a machine profile.' };
  } catch (error) {
    return { message: `This is no JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
}

/** Where the daemon's refusal of a boot belongs; null where it is about none of the fields. */
export function fieldOf(code: string, message: string): BootField | null {
  if (code === 'machine-exists' || /^machine\b|\/machine\b|\/name\b/.test(message)) return 'name';
  if (message.startsWith('preset ')) return 'preset';
  if (message.includes('kaslrSeed')) return 'seed';
  if (message.includes('/staticCalls/keys')) return 'functions';
  return message.includes('profile') ? 'profile' : null;
}
