/** The relocations of an x86-64 module as far as they depend on addresses: there are no veneers, only overflows. */
import { R_X86_64_32, R_X86_64_32S, R_X86_64_PLT32 } from '../../kernel/arch/x86-64/relocate.ts';
import { entryAt, symbolAt, typeAt } from '../../kernel/elf/rela.ts';
import type { RelaSection } from '../../kernel/elf/types.ts';
import { Bounds, FROM_ZERO, type Relocations, type Sized, targetOf } from './relocations.ts';

const ABSOLUTE = -1;

/** Undefined where a symbol has a value that doubles do not hold. */
export function outlineX86(sized: Sized, relas: readonly RelaSection[]): Relocations | undefined {
  const bounds = new Bounds();
  let direct = 0;
  for (const rela of relas) {
    const { view } = rela;
    for (let i = 0; i < rela.count; i++) {
      const at = entryAt(rela, i);
      const type = typeAt(view, at);
      if (type === R_X86_64_PLT32) direct++;
      const target = targetOf(sized, view, at, symbolAt(view, at));
      if (!target) return undefined;
      if (target.from === FROM_ZERO) continue;
      if (type === R_X86_64_32S) bounds.add(ABSOLUTE, target, target.value, -(2 ** 31), 2 ** 31 - 1);
      else if (type === R_X86_64_32) bounds.add(ABSOLUTE, target, target.value, 0, 2 ** 32 - 1);
    }
  }
  const fit = bounds.all();
  return fit && { direct, reaches: new Float64Array(0), sites: new Uint32Array(0), bounds: fit };
}
