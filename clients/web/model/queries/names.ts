/** What addresses are called that have a name in the view itself: trampolines, keys, PLT entries by what they lead to. */
import { fromHex, type Hex, toHex } from '../../../../protocol/address.ts';
import type { Module, Veneer, View } from '../../../../protocol/view/types.ts';
import { isPlt, sectionAt, veneerAt } from './memory.ts';

/** In the order of the question; null for all others. */
export function namesQuery(view: View, addresses: readonly Hex[]): readonly (string | null)[] {
  const names = new Map<Hex, string>();
  const asked = [...new Set(addresses)].map((hex) => ({ hex, at: fromHex(hex) })).sort((a, b) => a.at - b.at);
  const first = asked[0]?.at ?? Number.NaN;
  const last = asked.at(-1)?.at ?? Number.NaN;
  for (const module of view.modules.values()) {
    for (const { address, size } of Object.values(module.parts)) {
      const start = fromHex(address);
      if (start > last || start + size <= first) continue;
      for (const { hex, at } of asked) {
        const veneer = at >= start && at < start + size ? entryAt(module, at) : undefined;
        if (veneer !== undefined) names.set(hex, `${veneer.symbol} by ${veneer.section}[${veneer.slot}]`);
      }
    }
  }
  for (const { name, tramp, address } of view.staticCalls.keys.values()) {
    names.set(toHex(fromHex(tramp)), `__SCT__${name}`);
    names.set(toHex(fromHex(address)), `__SCK__${name}`);
  }
  return addresses.map((hex) => names.get(hex) ?? null);
}

/** The veneer whose PLT entry begins at an address. */
function entryAt(module: Module, at: number): Veneer | undefined {
  const section = sectionAt(module, at);
  const veneer = section && isPlt(section) ? veneerAt(module, at) : undefined;
  return veneer !== undefined && fromHex(veneer.address) === at ? veneer : undefined;
}
