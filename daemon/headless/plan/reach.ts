/**
 * The relocations of a module at given addresses, as far as they decide anything: which branches are direct, and which PLT
 * slots the others take. The entries are made by the loader's own functions, into memory that nobody reads.
 */
import { REACH } from '../../kernel/arch/arm64/insn.ts';
import {
  emitAdrpVeneer,
  emitPltEntry,
  PLT_ENTRY_SIZE,
  type PltSection,
  pageNumber,
} from '../../kernel/arch/arm64/plt.ts';
import type { Outline, PltPlace } from './outline.ts';
import { inReach } from './outline-arm64.ts';
import { type Bound, FROM_IMPORT, FROM_PART, FROM_PERCPU, FROM_TRAMP, type Reach } from './relocations.ts';

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
  let { direct } = outline;
  let veneer = 0;
  for (const one of outline.reaches) {
    const { part, sites, lowest, highest } = one;
    const base = at.parts[part] as number;
    const target = addressOf(one.target.from, one.target.index, at) + one.target.value;
    const plt = one.init ? init : core;
    if (one.adrp) {
      if (!settleAdrp(plt, base + lowest, target)) return undefined;
      continue;
    }
    // Between two sites that reach a target all others do.
    if (inReach(target - base - lowest) && inReach(target - base - highest)) {
      direct += sites.length;
      continue;
    }
    const far = goFar(plt, one, base, target);
    if (far === undefined) return undefined;
    direct += sites.length - far;
    veneer += far;
  }
  return { direct, veneer, used: core.used + init.used, veneers: core.veneers.length + init.veneers.length };
}

/** How many sites take an entry. The first makes it; where an ADRP reaches the target, the others find it there. */
function goFar(plt: PltSection, { sites }: Reach, base: number, target: number): number | undefined {
  const findable = Math.abs(target - base) < ADRP_SURELY;
  let far = 0;
  for (const site of sites) {
    if (inReach(target - base - site)) continue;
    far++;
    if (far > 1 && findable) continue;
    const entry = emitPltEntry(plt, pageNumber(target), target & 0xfff, target, 0, base + site);
    if (typeof entry !== 'number') return undefined;
  }
  return far;
}

/** Erratum 843419: false where the kernel would refuse. */
function settleAdrp(plt: PltSection, site: number, target: number): boolean {
  const page = target - (target & 0xfff);
  const distance = page - site;
  if (distance >= REACH.adr.min && distance <= REACH.adr.max) return true;
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
