/** Whole parts: their sizes and beginnings against what the host shows, and against one another. */
import { fromHex, toHex } from '../../../../protocol/address.ts';
import type { Part } from '../../../../protocol/events/memory.ts';
import type { LaidOut } from '../../../kernel/loader/layout.ts';
import { isInitPart } from '../../../kernel/loader/place.ts';
import type { Profile } from '../../../kernel/profile.ts';
import { list, type Model, pages } from './model.ts';
import type { HostArea, ModuleVerdict, Seen } from './verdict.ts';

/** Sizes and beginnings of whole parts against /proc/modules, /sys/module and /proc/vmallocinfo. */
export function judgeParts(
  seen: Seen,
  laidOut: LaidOut,
  bases: readonly (number | undefined)[],
  held: (part: Part) => boolean,
  listedPart: Part,
  names: (part: number) => readonly string[],
  { profile, areas }: Model,
): readonly string[] {
  const faults: string[] = [];
  const core = laidOut.parts.filter(({ part }) => !isInitPart(part));
  const total = core.reduce((sum, { size }) => sum + pages(size, profile), 0);
  if (seen.coreSize !== undefined && seen.coreSize !== total) {
    faults.push(`its core takes ${seen.coreSize} bytes, by the layout ${total}`);
  }
  laidOut.parts.forEach(({ part, size }, i) => {
    const base = bases[i];
    if (base === undefined || !held(part)) return;
    if (part === listedPart && seen.address && fromHex(seen.address) !== base) {
      faults.push(`/proc/modules shows it at ${seen.address}, ${part} begins at ${toHex(base)}`);
    }
    const refuted = refutation(part, size, base, areas, profile);
    if (refuted !== undefined) faults.push(`${list(names(i))}: ${refuted}`);
  });
  return faults;
}

/** Why a part cannot begin at `base`, as far as areas are shown. */
export function refutation(
  part: Part,
  size: number,
  base: number,
  areas: readonly HostArea[],
  profile: Profile,
): string | undefined {
  if (!areas.some(({ address }) => address !== undefined)) return undefined;
  const wanted = pages(size, profile) + profile.pageSize;
  const area = areas.find(({ address }) => address !== undefined && fromHex(address) === base);
  if (area?.size === wanted) return undefined;
  const found = area ? `one of ${area.size} bytes` : 'none';
  return `${part} would begin at ${toHex(base)}, where /proc/vmallocinfo should show an area of ${wanted} bytes, guard included, and shows ${found}`;
}

/** Parts of different modules that claim the same memory. */
export function overlaps(modules: readonly ModuleVerdict[], pageSize: number): readonly string[] {
  const claims = modules.flatMap(({ module, parts, sections }) =>
    parts.flatMap(({ part, base, size, stale }) => {
      const start = fromHex(base);
      const names = sections.filter((section) => section.part === part).map(({ name }) => name);
      return stale
        ? []
        : [{ module, part, names: list(names), start, end: start + Math.ceil(size / pageSize) * pageSize + pageSize }];
    }),
  );
  claims.sort((a, b) => a.start - b.start);
  return claims.flatMap((claim, i) => {
    const before = claims[i - 1];
    if (!before || before.end <= claim.start) return [];
    return [
      `${claim.part} of ${claim.module} (${claim.names}) begins at ${toHex(claim.start)}, inside ${before.part} of ${before.module} (${before.names}), which ends at ${toHex(before.end)}`,
    ];
  });
}
