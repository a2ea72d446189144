/** The relocations of an arm64 module as far as they depend on addresses: branches, ADRPs of erratum 843419, overflows. */
import { REACH } from '../../kernel/arch/arm64/insn.ts';
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
  Bounds,
  FROM_IMPORT,
  FROM_PART,
  FROM_TRAMP,
  FROM_ZERO,
  type Place,
  type Reach,
  type Relocations,
  type Sized,
  targetOf,
} from './relocations.ts';

const PAGE = 4096;

type Growing = Omit<Reach, 'sites' | 'lowest' | 'highest'> & {
  readonly sites: number[];
  lowest: number;
  highest: number;
};

/** In reach as `apply_relocate_add` asks: not for a multiple of four. */
export const inReach = (distance: number): boolean => distance >= REACH.branch.min && distance < REACH.branch.max + 4;

/** `relas` as the loader orders them. Undefined where a relocation is of a kind that no compiler makes between parts. */
export function outlineArm64(
  sized: Sized,
  relas: readonly RelaSection[],
  { erratum843419 }: Profile,
  isTramp: (index: number) => boolean,
): Relocations | undefined {
  const reaches: Growing[] = [];
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
        addBranch(reaches, part, init, site, toTramp ? { ...found, from: FROM_TRAMP } : found);
        continue;
      }
      if (kind === KIND_ADRP && erratum843419 && isForbiddenForAdrp(site)) {
        const target = targetOf(sized, view, at, symbol);
        if (!target || part < 0) return undefined;
        reaches.push({ adrp: true, part, init, sites: [site], lowest: site, highest: site, target });
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
  return fit && { direct, reaches, bounds: fit };
}

/** Neighbours with one target are one: the loader gives the first of them an entry, and the others find it there. */
function addBranch(reaches: Growing[], part: number, init: boolean, site: number, target: Place): void {
  const last = reaches.at(-1);
  const joins =
    last &&
    !last.adrp &&
    last.part === part &&
    last.target.from === target.from &&
    last.target.index === target.index &&
    last.target.value === target.value;
  if (!joins) {
    reaches.push({ adrp: false, part, init, sites: [site], lowest: site, highest: site, target });
    return;
  }
  last.sites.push(site);
  last.lowest = Math.min(last.lowest, site);
  last.highest = Math.max(last.highest, site);
}
