/**
 * Whether a module was built for this kernel.
 * Models kernel/module/version.c `same_magic` and kernel/module/main.c `check_modinfo`, v6.1.
 */
import type { KernelError } from '../arch/arch.ts';
import type { State } from '../state.ts';
import type { Introduction } from './candidate.ts';

/**
 * A module with symbol versions may come from another release: only what follows the release must be equal then. A
 * kernel whose profile does not say its version magic takes that of the first module that it lets in.
 */
export function checkVermagic(state: State, { name, vermagic, hasVersions }: Introduction): KernelError | undefined {
  if (state.vermagic === undefined || vermagic === undefined) return undefined;
  const compared = (magic: string) => (hasVersions ? magic.replace(/^[^ ]*/, '') : magic);
  if (compared(vermagic) === compared(state.vermagic)) return undefined;
  return { errno: 'ENOEXEC', words: `${name}: version magic '${vermagic}' should be '${state.vermagic}'` };
}
