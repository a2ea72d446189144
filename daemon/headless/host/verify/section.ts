/** One section of a module: whether its address is the one that follows from where its part begins. */
import { fromHex, type Hex, toHex } from '../../../../protocol/address.ts';
import type { Part } from '../../../../protocol/events/memory.ts';
import type { LaidOut } from '../../../kernel/loader/layout.ts';
import type { Witness } from './bases.ts';
import { hex, list, type Model } from './model.ts';
import { refutation } from './parts.ts';
import type { HostArea, SectionVerdict } from './verdict.ts';

export function judgeSection(
  name: string,
  address: Hex,
  at: number,
  laidOut: LaidOut,
  bases: readonly (number | undefined)[],
  witnesses: readonly (readonly Witness[])[],
  held: (part: Part) => boolean,
  { areas, profile }: Model,
): SectionVerdict {
  const i = laidOut.partOf[at] ?? -1;
  const part = laidOut.parts[i]?.part ?? 'core';
  const offset = laidOut.offset[at] ?? 0;
  const base = bases[i];
  const rule = `${part} + ${hex(offset)}`;
  if (base === undefined) {
    const why = `it should lie at ${rule}, and ${part} would then begin at ${toHex(fromHex(address) - offset)}, which is no page of ${profile.pageSize} bytes`;
    return { name, address, verdict: 'differs', part, offset, why };
  }
  const expected = toHex(base + offset);
  if (expected !== address) {
    const others = [...new Set((witnesses[i] ?? []).filter((each) => each.base === base).map(({ words }) => words))];
    const off = fromHex(address) - base - offset;
    const why =
      `it is shown at ${address}; ${rule} is ${expected}, ${hex(Math.abs(off))} ${off > 0 ? 'lower' : 'higher'}: ` +
      `${part} begins at ${toHex(base)} by ${list(others)}`;
    return { name, address, verdict: 'differs', part, offset, expected, why };
  }
  if (held(part)) {
    const refuted = refutation(part, laidOut.parts[i]?.size ?? 0, base, areas, profile);
    const verdict = refuted === undefined ? 'agrees' : 'differs';
    return { name, address, verdict, part, offset, expected, why: refuted ?? rule };
  }
  const why = `${rule} of init memory that was freed; ${nowAt(fromHex(address), areas)}`;
  return { name, address, verdict: 'stale', part, offset, expected, why };
}

/** Who has an address now, as far as areas are shown. */
function nowAt(address: number, areas: readonly HostArea[]): string {
  let known = false;
  for (const area of areas) {
    if (area.address === undefined) continue;
    known = true;
    const start = fromHex(area.address);
    if (!(start <= address && address < start + area.size)) continue;
    if (area.module) return `${area.module} has that memory now`;
    return `${area.caller ?? area.kind} has that memory now`;
  }
  return known ? 'nobody has that memory now' : 'who has that memory now is not shown';
}
