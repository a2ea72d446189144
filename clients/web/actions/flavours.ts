/** Flavours of static calls and layouts, in a sentence for somebody who never heard of them. */
import type { Flavour, Layout } from '../../../protocol/profile.ts';

export const FLAVOUR_WORDS: Readonly<Record<Flavour, string>> = {
  'out-of-line':
    'Every site calls the key’s trampoline, and an update changes that one branch: one place to patch, one jump more in each call.',
  inline:
    'Every site is patched into a direct call of the function; an update writes all of them. Mainline x86-64 since 5.10.',
  'inline-defuse':
    'Sites are patched into direct calls; the trampoline is kept and defused, so that it bounces calls of sites that are out of reach.',
  'inline-poison':
    'Sites are patched and the trampoline is poisoned: a site that is out of reach has no way left, and its call traps.',
  literal:
    'The trampoline jumps through a literal in data: an update writes eight bytes and patches no instruction. Mainline arm64 since 2026.',
};

export const LAYOUT_WORDS: Readonly<Record<Layout, string>> = {
  'linux-6.1': 'one core and one init allocation for each module',
  'linux-6.12': 'an allocation for each of seven memory types',
};
