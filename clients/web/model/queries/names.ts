/** What addresses are called, as far as the view tells: trampolines, what PLT entries lead to, keys, a section and an offset. */
import { fromHex, type Hex, toHex } from '../../../../protocol/address.ts';
import type { Module, View } from '../../../../protocol/view/types.ts';
import { isPlt, sectionAt, veneerAt } from './memory.ts';

/** In the order of the question; null for what is in no module and is no trampoline. */
export function namesQuery(view: View, addresses: readonly Hex[]): readonly (string | null)[] {
  const names = new Map<Hex, string>();
  const asked = [...new Set(addresses)].map((hex) => ({ hex, at: fromHex(hex) })).sort((a, b) => a.at - b.at);
  const first = asked[0]?.at ?? Number.NaN;
  const last = asked.at(-1)?.at ?? Number.NaN;
  for (const module of view.modules.values()) {
    for (const { address, size } of Object.values(module.parts)) {
      const start = fromHex(address);
      if (start > last || start + size <= first) continue;
      for (const { hex, at } of asked) if (at >= start && at < start + size) names.set(hex, inModule(module, at));
    }
  }
  for (const { name, tramp, address } of view.staticCalls.keys.values()) {
    names.set(toHex(fromHex(tramp)), `__SCT__${name}`);
    names.set(toHex(fromHex(address)), `__SCK__${name}`);
  }
  return addresses.map((hex) => names.get(hex) ?? null);
}

function inModule(module: Module, at: number): string {
  const section = sectionAt(module, at);
  if (section === undefined) return `[${module.name}]`;
  const veneer = isPlt(section) ? veneerAt(module, at) : undefined;
  if (veneer !== undefined && fromHex(veneer.address) === at)
    return `${veneer.symbol} by ${section.name}[${veneer.slot}]`;
  const offset = at - fromHex(section.address);
  return `${section.name}${offset === 0 ? '' : `+0x${offset.toString(16)}`} [${module.name}]`;
}
