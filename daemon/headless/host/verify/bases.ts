/** Where the parts of a module begin, by what the host shows: each thing that says so is a witness. */
import { fromHex, toHex } from '../../../../protocol/address.ts';
import type { Part } from '../../../../protocol/events/memory.ts';
import type { LaidOut } from '../../../kernel/loader/layout.ts';
import { type Model, pages } from './model.ts';
import type { Pin } from './pins.ts';
import type { Seen } from './verdict.ts';

/** One thing that says where a part begins. */
export interface Witness {
  readonly base: number;
  readonly weight: number;
  readonly words: string;
}

/** Everything that speaks for a beginning, by part. `held`: parts whose memory is not given back. */
export function witnessesOf(
  { address: listed }: Seen,
  shown: NonNullable<Seen['sections']>,
  index: ReadonlyMap<string, number>,
  pins: readonly Pin[],
  held: (part: Part) => boolean,
  listedPart: Part,
  { laidOut, areas, profile }: Model,
): readonly Witness[][] {
  const witnesses = laidOut.parts.map((): Witness[] => []);
  for (const [name, hex] of shown) {
    const at = index.get(name);
    if (at === undefined) continue;
    const base = fromHex(hex) - (laidOut.offset[at] ?? 0);
    witnesses[laidOut.partOf[at] ?? -1]?.push({ base, weight: 1, words: name });
  }
  for (const { section, start, symbol } of pins) {
    const base = start - (laidOut.offset[section] ?? 0);
    witnesses[laidOut.partOf[section] ?? -1]?.push({ base, weight: 1, words: `symbol ${symbol}` });
  }
  laidOut.parts.forEach(({ part, size }, i) => {
    if (part === listedPart && listed) witnesses[i]?.push({ base: fromHex(listed), weight: 2, words: '/proc/modules' });
    if (!held(part)) return;
    for (const { address, size: length } of areas) {
      if (address === undefined || length !== pages(size, profile) + profile.pageSize) continue;
      const base = fromHex(address);
      // An area of the right size speaks only for a beginning that something else names.
      if (!witnesses[i]?.some((other) => other.base === base)) continue;
      witnesses[i]?.push({ base, weight: 2, words: '/proc/vmallocinfo' });
    }
  });
  return witnesses;
}

/** The beginning that has most weight behind it. Areas begin at pages: what does not is no candidate. */
export function elect(witnesses: readonly Witness[], pageSize: number): number | undefined {
  const votes = new Map<number, number>();
  for (const { base, weight } of witnesses) {
    if (base % pageSize === 0) votes.set(base, (votes.get(base) ?? 0) + weight);
  }
  let best: number | undefined;
  for (const [base, weight] of votes) if (best === undefined || weight > (votes.get(best) ?? 0)) best = base;
  return best;
}

/**
 * A part whose beginning one witness names and no area confirms begins where the one area lies that has its size and that no
 * other part has.
 */
export function adopt(
  laidOut: LaidOut,
  bases: (number | undefined)[],
  witnesses: readonly Witness[][],
  held: (part: Part) => boolean,
  module: string,
  { areas, profile }: Model,
): void {
  laidOut.parts.forEach(({ part, size }, i) => {
    if (!held(part)) return;
    const wanted = pages(size, profile) + profile.pageSize;
    const free = areas.flatMap((area) => {
      const start = area.address === undefined ? Number.NaN : fromHex(area.address);
      const candidate = area.owner === 'loader' || area.module === module;
      return candidate && area.size === wanted && !Number.isNaN(start) ? [start] : [];
    });
    const base = bases[i];
    if ((witnesses[i] ?? []).filter((witness) => witness.base === base).length > 1) return;
    if (base !== undefined && areas.some(({ address, size: s }) => s === wanted && address === toHex(base))) return;
    const [only, more] = free.filter((start) => !bases.includes(start));
    if (only === undefined || more !== undefined) return;
    bases[i] = only;
    witnesses[i]?.push({ base: only, weight: 2, words: 'the area of its size in /proc/vmallocinfo' });
  });
}
