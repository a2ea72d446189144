/** What a view says of static calls, in the figures that commands print: shares by class, names of functions. */
import type { Hex } from '../../protocol/address.ts';
import type { MachineProfile } from '../../protocol/profile.ts';
import type { ViewJson } from '../../protocol/view/json.ts';
import type { MachineHandle } from '../sdk/types.ts';

export { calling, classWords, directShare } from '../../protocol/view/class-words.ts';

/** Names by address: what modules of the view import and export, and what the machine's kernel exports. */
export function functionNames(view: ViewJson, profile: MachineProfile | undefined): (address: Hex | null) => string {
  const names = new Map<string, string>();
  for (const [name, address] of Object.entries(profile?.symbols ?? {})) names.set(BigInt(address).toString(), name);
  for (const { exports, imports, name: module } of view.modules) {
    for (const { name, address } of exports) names.set(BigInt(address).toString(), `${name} [${module}]`);
    for (const { name, address, owner } of imports) {
      if (owner === 'vmlinux') names.set(BigInt(address).toString(), name);
    }
  }
  return (address) => (address === null ? '' : (names.get(BigInt(address).toString()) ?? ''));
}

/** The profile that the machine was booted with, from its first commit; undefined where that is gone. */
export async function bootedWith(machine: MachineHandle): Promise<MachineProfile | undefined> {
  try {
    for await (const item of machine.commits({ from: 'start' })) {
      if (item.kind !== 'commit') return undefined;
      const booted = item.commit.events.find((event) => event.type === 'MachineBooted');
      return booted?.profile;
    }
  } catch {
    // Trimmed: names then come from modules alone.
  }
  return undefined;
}
