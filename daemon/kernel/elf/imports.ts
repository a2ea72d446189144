/**
 * What a module asks for.
 * Source: kernel/module/main.c simplify_symbols, v6.1.
 */
import { SHN_UNDEF, STB_WEAK } from './constants.ts';
import type { ElfImport, ElfModule } from './types.ts';

/** Undefined symbols in table order; symbol 0 is none. */
export function readImports(elf: ElfModule): readonly ElfImport[] {
  const { symbols } = elf;
  const imports: ElfImport[] = [];
  for (let i = 1; i < symbols.count; i++) {
    if (symbols.shndx[i] !== SHN_UNDEF) continue;
    imports.push({ name: symbols.name(i), symbol: i, weak: (symbols.info[i] ?? 0) >> 4 === STB_WEAK });
  }
  return imports;
}
