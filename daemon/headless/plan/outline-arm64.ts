/** The relocations of an arm64 module as far as they depend on addresses: branches, ADRPs of erratum 843419, overflows. */
import { REACH as INSN_REACH } from '../../kernel/arch/arm64/insn.ts';
import { isForbiddenForAdrp } from '../../kernel/arch/arm64/plt.ts';
import {
  CHECKED,
  KIND,
  KIND_ADRP,
  KIND_BRANCH,
  KIND_DATA32,
  KIND_DATA64,
  KIND_NOTHING,
  OP,
  OP_ABS,
} from '../../kernel/arch/arm64/reloc-types.ts';
import { addendAt, entryAt, offsetAt, symbolAt, typeAt } from '../../kernel/elf/rela.ts';
import type { RelaSection } from '../../kernel/elf/types.ts';
import type { Profile } from '../../kernel/profile.ts';
import {
  ADRP,
  Bounds,
  BRANCH,
  FROM_IMPORT,
  FROM_PART,
  FROM_TRAMP,
  FROM_ZERO,
  IN_INIT,
  type Place,
  REACH,
  type Relocations,
  type Sized,
  targetOf,
} from './relocations.ts';

const PAGE = 4096;

/** In reach as `apply_relocate_add` asks: not for a multiple of four. */
export const inReach = (distance: number): boolean =>
  distance >= INSN_REACH.branch.min && distance < INSN_REACH.branch.max + 4;

/** `relas` as the loader orders them. Undefined where a relocation is of a kind that no compiler makes between parts. */
export function outlineArm64(
  sized: Sized,
  relas: readonly RelaSection[],
  { erratum843419 }: Profile,
  isTramp: (index: number) => boolean,
): Relocations | undefined {
  const reaches = new Reaches();
  const bounds = new Bounds();
  let direct = 0;
  for (const rela of relas) {
    const part = sized.part(rela.target);
    const start = sized.offset(rela.target);
    const init = sized.isInit(part);
    const { view } = rela;
    for (let i = 0; i < rela.count; i++) {
      const at = entryAt(rela, i);
      const type = typeAt(view, at);
      const kind = KIND[type] ?? 0;
      if (kind === KIND_NOTHING || kind === KIND_DATA64) continue;
      const symbol = symbolAt(view, at);
      const site = start + offsetAt(view, at);
      if (kind === KIND_BRANCH) {
        const found = targetOf(sized, view, at, symbol);
        if (!found || part < 0) return undefined;
        if (found.from === FROM_PART && found.index === part) {
          if (!inReach(found.value - site)) return undefined;
          direct++;
          continue;
        }
        const toTramp = found.from === FROM_IMPORT && addendAt(view, at) === 0 && isTramp(found.index);
        reaches.branch(part, init, site, toTramp ? { ...found, from: FROM_TRAMP } : found);
        continue;
      }
      if (kind === KIND_ADRP && erratum843419 && isForbiddenForAdrp(site)) {
        const target = targetOf(sized, view, at, symbol);
        if (!target || part < 0) return undefined;
        reaches.adrp(part, init, site, target);
        continue;
      }
      if (CHECKED[type] !== 1) continue;
      const target = targetOf(sized, view, at, symbol);
      if (!target) return undefined;
      // What does not depend on the placement went well once.
      if (OP[type] === OP_ABS ? target.from === FROM_ZERO : target.from === FROM_PART && target.index === part)
        continue;
      if (OP[type] === OP_ABS || part < 0) return undefined;
      // An ADRP counts from page to page.
      if (kind === KIND_ADRP) bounds.add(part, target, target.value - site, PAGE - 2 ** 32, 2 ** 32 - PAGE - 1);
      else if (kind === KIND_DATA32) bounds.add(part, target, target.value - site, -(2 ** 31), 2 ** 31 - 1);
      else return undefined;
    }
  }
  const fit = bounds.all();
  return fit && { direct, ...reaches.table(), bounds: fit };
}

/** Makes the table. */
class Reaches {
  readonly #rows: number[] = [];
  readonly #sites: number[] = [];

  /** Neighbours with one target are one: the loader gives the first of them an entry, and the others find it there. */
  branch(part: number, init: boolean, site: number, target: Place): void {
    const kind = BRANCH + (init ? IN_INIT : 0);
    const last = this.#rows.length - REACH.length;
    const is = (field: number, value: number) => this.#rows[last + field] === value;
    const joins =
      last >= 0 &&
      is(REACH.kind, kind) &&
      is(REACH.part, part) &&
      is(REACH.from, target.from) &&
      is(REACH.index, target.index) &&
      is(REACH.value, target.value);
    if (!joins) {
      this.#push(kind, part, site, target);
      return;
    }
    this.#sites.push(site);
    this.#rows[last + REACH.lowest] = Math.min(this.#rows[last + REACH.lowest] ?? site, site);
    this.#rows[last + REACH.highest] = Math.max(this.#rows[last + REACH.highest] ?? site, site);
  }

  adrp(part: number, init: boolean, site: number, target: Place): void {
    this.#push(ADRP + (init ? IN_INIT : 0), part, site, target);
  }

  table(): { readonly reaches: Float64Array; readonly sites: Uint32Array } {
    return { reaches: Float64Array.from(this.#rows), sites: Uint32Array.from(this.#sites) };
  }

  /** In the order of REACH. */
  #push(kind: number, part: number, site: number, { from, index, value }: Place): void {
    this.#rows.push(kind, part, site, site, from, index, value, this.#sites.length);
    this.#sites.push(site);
  }
}
