/** What would help where a plan does not work out: the same loads planned on changed machines. Nothing is guessed. */
import { fromHex, toHex } from '../../../protocol/address.ts';
import type { MachineProfile } from '../../../protocol/profile.ts';
import { imageData, imageOf } from '../../kernel/machine/windows.ts';
import { type BootFields, booted, type PlanInput, type Seed } from './input.ts';
import { planOne } from './plan.ts';
import type { Row } from './row.ts';

export interface Help {
  /** What of the machine is other, in words. */
  readonly change: string;
  readonly profile: Partial<MachineProfile>;
  /** What the plan comes to then. */
  readonly row: Row;
}

const MIB = 2 ** 20;
/** The least that a share of others' memory is cut by is this part of all of it. */
const FINENESS = 64;

/** Every change that was tried, those without effect too. `onTry` is told what is planned next. */
export function helpFor(input: PlanInput, seed: Seed, before: Row, onTry: (change: string) => void): readonly Help[] {
  const machine = booted(input, null).profile?.source;
  if (!machine) return [];
  const attempt = (change: string, profile: Partial<MachineProfile>): Help => {
    onTry(change);
    return { change, profile, row: planOne({ ...input, boot: overlaid(input.boot, profile) }, seed).row };
  };
  const tried: Help[] = [];
  if (machine.kallsymsAll) tried.push(attempt('without CONFIG_KALLSYMS_ALL', { kallsymsAll: false }));
  if (machine.pageSize > 4096) tried.push(attempt('with pages of 4 KiB', { pageSize: 4096 }));
  if (seed !== null && machine.randomizeModuleRegionFull)
    tried.push(attempt('without RANDOMIZE_MODULE_REGION_FULL', { randomizeModuleRegionFull: false }));
  return [...tried, ...lessReserved(machine, before, attempt)];
}

function overlaid(boot: BootFields, profile: Partial<MachineProfile>): BootFields {
  return { ...boot, profile: { ...boot.profile, ...profile } };
}

type Attempt = (change: string, profile: Partial<MachineProfile>) => Help;

/** The least that others have to give up for all to load, from the area with the highest address down; or that it is not enough. */
function lessReserved(machine: MachineProfile, before: Row, attempt: Attempt): readonly Help[] {
  const others = othersOf(machine);
  const total = others.reduce((sum, [start, end]) => sum + end - start, 0);
  if (total === 0) return [];
  const without = (bytes: number): Help =>
    attempt(`with ${Math.round(bytes / MIB)} of ${Math.round(total / MIB)} MiB less reserved by others`, {
      reserved: cut(machine, others, bytes),
    });
  const none = without(total);
  if (before.fits || !none.row.fits) return [none];
  const unit = Math.max(MIB, Math.ceil(total / FINENESS / MIB) * MIB);
  let low = 0;
  let best = none;
  for (let high = Math.ceil(total / unit); high - low > 1; ) {
    const middle = (low + high) >> 1;
    const help = without(middle * unit);
    if (help.row.fits) {
      high = middle;
      best = help;
    } else low = middle;
  }
  return [best];
}

type Range = readonly [start: number, end: number];

/** Areas that are not the kernel image's, in order of address. */
function othersOf(machine: MachineProfile): readonly Range[] {
  const image = imageOf(machine);
  const { end } = imageData(image, machine.pageSize);
  return machine.reserved
    .map(([from, to]): Range => [fromHex(from), fromHex(to)])
    .filter(([from, to]) => from < image.text || to > end)
    .sort(([a], [b]) => a - b);
}

/** All reserved areas, less `bytes` of the others': whole pages, from the highest down. */
function cut(machine: MachineProfile, others: readonly Range[], bytes: number): MachineProfile['reserved'] {
  const pages = (size: number) => Math.ceil(size / machine.pageSize) * machine.pageSize;
  let left = pages(bytes);
  const ends = new Map<number, number>();
  for (const [start, end] of others.toReversed()) {
    const taken = Math.min(left, end - start);
    left -= taken;
    ends.set(start, end - taken);
  }
  return machine.reserved.flatMap(([from, to]) => {
    const end = ends.get(fromHex(from));
    if (end === undefined) return [[from, to]];
    return end > fromHex(from) ? [[from, toHex(end)]] : [];
  });
}
