/** Whether a profile's static calls can be modelled: a flavour that the architecture has, keys whose functions are known. */
import { FLAVOURS_OF } from '../../../protocol/flavours.ts';
import type { Flavour, MachineProfile } from '../../../protocol/profile.ts';

/** What is wrong, by path and with what was expected; undefined where it is sound. */
export function badStaticCalls(profile: MachineProfile): string | undefined {
  const { arch, staticCall, staticCalls, symbols, openSymbols } = profile;
  const flavours: readonly Flavour[] = FLAVOURS_OF[arch];
  if (staticCall && !flavours.includes(staticCall))
    return `/staticCall is ${staticCall}, expected one of ${flavours.join(', ')}`;
  if (!staticCalls) return undefined;
  const addresses = new Map<string, string>();
  for (const [name, { address, func, literal }] of Object.entries(staticCalls.keys)) {
    const path = `/staticCalls/keys/${name}`;
    if (!func.startsWith('0x') && symbols[func] === undefined && !openSymbols)
      return `${path}/func is ${func}, expected an address, 0x0 for NULL, or one of /symbols`;
    if (staticCall === 'literal' && literal === undefined) return `${path}/literal is missing, expected its address`;
    const other = addresses.get(BigInt(address).toString());
    if (other !== undefined) return `${path}/address is ${address}, expected another than that of ${other}`;
    addresses.set(BigInt(address).toString(), name);
  }
  const stray = staticCalls.vmlinuxSites?.findIndex(([, key]) => !Object.hasOwn(staticCalls.keys, key)) ?? -1;
  if (stray >= 0) {
    const key = staticCalls.vmlinuxSites?.[stray]?.[1];
    return `/staticCalls/vmlinuxSites/${stray}/1 is ${key}, expected one of /staticCalls/keys`;
  }
  return undefined;
}
