/** Words for what of a module's relocations depends on addresses: places, branches that have to reach, values that have to fit. */
import { EXACT } from '../../kernel/arch/exact.ts';
import { addendAt } from '../../kernel/elf/rela.ts';
import type { ElfModule } from '../../kernel/elf/types.ts';

/** What an address is counted from. */
export const FROM_ZERO = 0;
export const FROM_IMPORT = 1;
/** As an import, where branches to it go to the trampoline of a static call. */
export const FROM_TRAMP = 2;
export const FROM_PART = 3;
export const FROM_PERCPU = 4;

/** `value` bytes after what `from` and `index` name: an import's number, or a part's. */
export interface Place {
  readonly from: number;
  readonly index: number;
  readonly value: number;
}

/**
 * Neighbouring branches to one target, or one ADRP that erratum 843419 concerns. A sweep goes through all of them at every
 * seed: they stand in one table of numbers, a row each.
 */
export const REACH = {
  /** One of the kinds below. */
  kind: 0,
  /** Of the sites: the part, and bytes from its start to the lowest and the highest. */
  part: 1,
  lowest: 2,
  highest: 3,
  /** Of the target, as in Place. */
  from: 4,
  index: 5,
  value: 6,
  /** Where in `sites` its own begin; they end where the next row's begin. */
  sites: 7,
  length: 8,
} as const;

export const BRANCH = 0;
export const ADRP = 1;
/** Added to the kind where the sites are in init memory. */
export const IN_INIT = 2;

/** A value that must fit: target (less the place, where `part` is not -1) plus anything from `low` to `high` in [min, max]. */
export interface Bound {
  readonly part: number;
  readonly from: number;
  readonly index: number;
  low: number;
  high: number;
  readonly min: number;
  readonly max: number;
}

export interface Relocations {
  /** Branches within one part that are in reach wherever the part lands. */
  readonly direct: number;
  /** Rows as REACH has them, in order of application. */
  readonly reaches: Float64Array;
  readonly sites: Uint32Array;
  readonly bounds: readonly Bound[];
}

/** A module with everything but addresses: what the rooms of the architectures read relocations of. */
export interface Sized {
  readonly elf: ElfModule;
  /** Part and offset of a section; part -1 where it has no memory. */
  readonly part: (section: number) => number;
  readonly offset: (section: number) => number;
  readonly isInit: (part: number) => boolean;
  /** Of a symbol; undefined where doubles do not hold it. */
  readonly place: (symbol: number) => Place | undefined;
}

/** Bytes from the beginning of what an address is counted from. */
export const FARTHEST = 2 ** 27;

/** Collects bounds, one for each pair of place and target. */
export class Bounds {
  readonly #all = new Map<string, Bound>();

  add(part: number, { from, index }: Place, by: number, min: number, max: number): void {
    const key = `${part} ${from} ${index} ${min}`;
    const known = this.#all.get(key);
    if (!known) {
      this.#all.set(key, { part, from, index, low: by, high: by, min, max });
      return;
    }
    if (by < known.low) known.low = by;
    if (by > known.high) known.high = by;
  }

  /** Undefined where an addend leads farther away than any module is large. */
  all(): readonly Bound[] | undefined {
    const all = [...this.#all.values()];
    return all.some(({ low, high }) => low < -FARTHEST || high > FARTHEST) ? undefined : all;
  }
}

/** S + A of a relocation; undefined where doubles do not hold it. */
export function targetOf(sized: Sized, view: DataView, at: number, symbol: number): Place | undefined {
  const addend = addendAt(view, at);
  const place = sized.place(symbol);
  if (!place || !(Math.abs(addend) < EXACT)) return undefined;
  return { from: place.from, index: place.index, value: place.value + addend };
}
