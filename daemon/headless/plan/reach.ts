/**
 * The relocations of a module at given addresses, as far as they decide anything: which branches are direct, and which PLT
 * slots the others take. The entries are made by the loader's own functions, into memory that nobody reads.
 */
import { REACH as INSN_REACH } from '../../kernel/arch/arm64/insn.ts';
import {
  emitAdrpVeneer,
  emitPltEntry,
  PLT_ENTRY_SIZE,
  type PltSection,
  pageNumber,
} from '../../kernel/arch/arm64/plt.ts';
import type { Outline, PltPlace } from './outline.ts';
import { inReach } from './outline-arm64.ts';
import { ADRP, type Bound, FROM_IMPORT, FROM_PART, FROM_PERCPU, FROM_TRAMP, IN_INIT, REACH } from './relocations.ts';

/** Where everything is that a module's relocations name. */
export interface Addresses {
  /** Of each part. */
  readonly parts: ArrayLike<number>;
  readonly percpu: number;
  /** Of symbols, and which of them each import is; a trampoline where a branch to it goes to one. */
  readonly symbols: Float64Array;
  readonly imports: Int32Array;
  readonly tramps: readonly number[] | undefined;
}

export interface Reached {
  direct: number;
  veneer: number;
  used: number;
  veneers: number;
}

/** An ADRP reaches this far from anywhere in a module. */
const ADRP_SURELY = 2 ** 31;

/** Undefined where the kernel would refuse the module. */
export function reach(outline: Outline, at: Addresses, erratum843419: boolean): Reached | undefined {
  const core = pltSection('.plt', outline.plt.core, at, erratum843419);
  const init = pltSection('.init.plt', outline.plt.init, at, erratum843419);
  const { reaches, sites } = outline;
  let { direct } = outline;
  let veneer = 0;
  for (let row = 0; row < reaches.length; row += REACH.length) {
    const kind = reaches[row + REACH.kind] as number;
    const base = at.parts[reaches[row + REACH.part] as number] as number;
    const lowest = base + (reaches[row + REACH.lowest] as number);
    const from = addressOf(reaches[row + REACH.from] as number, reaches[row + REACH.index] as number, at);
    const target = from + (reaches[row + REACH.value] as number);
    const plt = (kind & IN_INIT) === 0 ? core : init;
    if ((kind & ADRP) !== 0) {
      if (!settleAdrp(plt, lowest, target)) return undefined;
      continue;
    }
    const first = reaches[row + REACH.sites] as number;
    const end = reaches[row + REACH.length + REACH.sites] ?? sites.length;
    const highest = base + (reaches[row + REACH.highest] as number);
    // Between two sites that reach a target all others do.
    if (inReach(target - lowest) && inReach(target - highest)) {
      direct += end - first;
      continue;
    }
    const far = goFar(plt, sites, first, end, base, target, isBeyond(target - highest, target - lowest));
    if (far === undefined) return undefined;
    direct += end - first - far;
    veneer += far;
  }
  return { direct, veneer, used: core.used + init.used, veneers: core.veneers.length + init.veneers.length };
}

/** Whether everything between two distances is out of reach: both are, on one side. */
const isBeyond = (from: number, to: number): boolean => to < INSN_REACH.branch.min || from >= INSN_REACH.branch.max + 4;

/** How many sites take an entry: the first makes it, and the others find it there. `all`: none reaches the target. */
function goFar(
  plt: PltSection,
  sites: Uint32Array,
  first: number,
  end: number,
  base: number,
  target: number,
  all: boolean,
): number | undefined {
  // Where no ADRP reaches the target the kernel may stop at the second.
  const findable = Math.abs(target - base) < ADRP_SURELY;
  let far = 0;
  for (let i = first; i < end; i++) {
    const site = base + (sites[i] as number);
    if (!all && inReach(target - site)) continue;
    far++;
    if (far > 1 && findable) continue;
    const entry = emitPltEntry(plt, pageNumber(target), target & 0xfff, target, 0, site);
    if (typeof entry !== 'number') return undefined;
    if (all && findable) return end - first;
  }
  return far;
}

/** Erratum 843419: false where the kernel would refuse. */
function settleAdrp(plt: PltSection, site: number, target: number): boolean {
  const page = target - (target & 0xfff);
  const distance = page - site;
  if (distance >= INSN_REACH.adr.min && distance <= INSN_REACH.adr.max) return true;
  return typeof emitAdrpVeneer(plt, pageNumber(target), page, 0, site, 0) === 'number';
}

/** Whether every value fits. */
export function fits(bounds: readonly Bound[], at: Addresses): boolean {
  return bounds.every(({ part, from, index, low, high, min, max }) => {
    const x = addressOf(from, index, at) - (part < 0 ? 0 : (at.parts[part] as number));
    return x + low >= min && x + high <= max;
  });
}

export function addressOf(from: number, index: number, { parts, percpu, symbols, imports, tramps }: Addresses): number {
  switch (from) {
    case FROM_PART:
      return parts[index] as number;
    case FROM_IMPORT:
      return symbols[imports[index] as number] as number;
    case FROM_TRAMP:
      return symbols[tramps?.[index] ?? 0] as number;
    case FROM_PERCPU:
      return percpu;
    default:
      return 0;
  }
}

/** Kept for the next module: only the entry made last is ever looked at. */
const MEMORY = { '.plt': new ArrayBuffer(2 ** 16), '.init.plt': new ArrayBuffer(2 ** 12) };

function pltSection(
  name: PltSection['name'],
  { part, offset, slots }: PltPlace,
  { parts }: Addresses,
  erratum843419: boolean,
): PltSection {
  const size = (slots + 1) * PLT_ENTRY_SIZE;
  if (size > MEMORY[name].byteLength) MEMORY[name] = new ArrayBuffer(2 * size);
  const address = (parts[part] ?? Number.NaN) + offset;
  return { name, address, view: new DataView(MEMORY[name], 0, size), max: slots, erratum843419, used: 0, veneers: [] };
}
