/** Functions of the kernel that decide bytes: where they are. */
import { inventedSymbol } from '../machine/presets.ts';
import type { Profile } from '../profile.ts';

/** What compiled code jumps to for a return, whichever thunk the machine uses. */
export const RETURN_THUNK = '__x86_return_thunk';
/** Returns 0: a call to it needs not be made. */
export const RETURN0 = '__static_call_return0';
/** A plain return, for a conditional tail call to jump to. */
export const PLAIN_RETURN = '__static_call_return';

/** The address of `name`, invented where the kernel invents its symbols; undefined where the profile doesn't tell. */
export const kernelSymbol = (
  { symbols, source }: Pick<Profile, 'symbols' | 'source'>,
  name: string,
): number | undefined => symbols.get(name) ?? (source.openSymbols ? inventedSymbol(source, name) : undefined);
