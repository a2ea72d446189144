/** Which room of the architectures models a machine's static calls. */
import { arm64StaticCalls } from '../arch/arm64/static-call.ts';
import { kernelSymbol, RETURN0 } from '../arch/kernel-symbol.ts';
import type { StaticCallArch } from '../arch/static-call.ts';
import { x86StaticCalls } from '../arch/x86-64/static-call.ts';
import type { Profile } from '../profile.ts';

/** Undefined for a machine without static calls, or with a flavour that its architecture does not have. */
export function staticCallArch(profile: Profile): StaticCallArch | undefined {
  const { arch, source } = profile;
  const { staticCall, staticCalls, staticCallOrig = true } = source;
  if (!staticCalls) return undefined;
  switch (arch) {
    case 'arm64':
      return arm64StaticCalls(staticCall ?? 'out-of-line', {
        orig: staticCallOrig,
        return0: kernelSymbol(profile, RETURN0),
      });
    case 'x86-64':
      return x86StaticCalls(staticCall ?? 'inline', profile);
  }
}
