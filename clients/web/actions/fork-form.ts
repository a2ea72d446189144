/** What the fork dialog says, as the changes of a fork. */
import type { ForkChanges, ProfileChanges } from '../../../protocol/fork.ts';
import type { Flavour, Layout } from '../../../protocol/profile.ts';
import { namesOf, parseProfile } from './boot-fields.ts';

/** Empty: as it is in the source. */
export interface ForkForm {
  readonly flavour: Flavour | '';
  readonly layout: Layout | '';
  readonly kaslr: 'none' | 'seed' | '';
  readonly seed: string;
  readonly windows: 'default' | 'no-direct' | 'no-fallback' | '';
  readonly reserved: 'default' | 'none' | '';
  /** Functions, apart by blanks or commas. */
  readonly addKeys: string;
  readonly dropKeys: string;
  /** Modules. */
  readonly without: string;
  /** JSON. */
  readonly profile: string;
}

export const UNCHANGED: ForkForm = {
  ...{ flavour: '', layout: '', kaslr: '', seed: '', windows: '', reserved: '' },
  ...{ addKeys: '', dropKeys: '', without: '', profile: '' },
};

export interface ForkFault {
  readonly field: keyof ForkForm;
  readonly message: string;
}

export function forkChanges(form: ForkForm): ForkChanges | ForkFault {
  const own = parseProfile(form.profile);
  if ('message' in own) return { field: 'profile', message: own.message };
  if (form.kaslr === 'seed' && !/^\d+$/.test(form.seed.trim())) {
    return { field: 'seed', message: 'A seed is a whole number from 0 to 4294967295.' };
  }
  const { flavour, layout, windows, reserved } = form;
  const profile: ProfileChanges = {
    ...(flavour !== '' && { staticCall: flavour }),
    ...(layout !== '' && { layout }),
    ...(windows === 'default' && { moduleRegion: null }),
    ...(windows === 'no-direct' && { moduleRegion: { direct: null } }),
    ...(windows === 'no-fallback' && { moduleRegion: { fallback: null } }),
    ...(reserved === 'default' && { reserved: null }),
    ...(reserved === 'none' && { reserved: [] }),
    ...own.profile,
  };
  const [added, dropped, without] = [namesOf(form.addKeys), namesOf(form.dropKeys), namesOf(form.without)];
  return {
    ...(Object.keys(profile).length > 0 && { profile }),
    ...(form.kaslr !== '' && { kaslrSeed: form.kaslr === 'none' ? null : Number(form.seed) }),
    ...((added.length > 0 || dropped.length > 0) && {
      staticCalls: {
        ...(added.length > 0 && { with: [...added] }),
        ...(dropped.length > 0 && { without: [...dropped] }),
      },
    }),
    ...(without.length > 0 && { without: [...without] }),
  };
}

/** A word for what changed, for the fork's name. */
export function changedWord({ flavour, layout, kaslr, seed, windows, without }: ForkForm): string {
  if (flavour !== '') return flavour;
  if (layout !== '') return layout;
  if (kaslr !== '') return kaslr === 'none' ? 'no-kaslr' : `seed-${seed.trim()}`;
  if (windows !== '') return windows === 'default' ? 'default-windows' : windows;
  return without === '' ? 'fork' : 'without';
}
