/** Symbols that kallsyms shows, as witnesses of where their sections lie. */
import { fromHex } from '../../../../protocol/address.ts';
import { archOf } from '../../../kernel/arch/select.ts';
import { readElf } from '../../../kernel/elf/read.ts';
import type { Model } from './model.ts';
import type { Seen } from './verdict.ts';

export interface Pin {
  readonly symbol: string;
  readonly address: number;
  readonly section: number;
  /** Where the section begins, by this symbol. */
  readonly start: number;
}

/** What the symbols that kallsyms showed say of their sections. Names that the file has twice say nothing. */
export function symbolPins(seen: Seen, { bytes, laidOut, profile }: Model): readonly Pin[] {
  const wanted = new Map(seen.symbols?.map(([name, address]) => [name, fromHex(address)]));
  if (wanted.size === 0) return [];
  const read = readElf(bytes, archOf(profile).machine);
  if (!read.ok) return [];
  const { symbols } = read.elf;
  const found = new Map<string, Pin | undefined>();
  for (let i = 1; i < symbols.count; i++) {
    const name = symbols.name(i);
    const address = wanted.get(name);
    if (address === undefined) continue;
    const section = symbols.shndx[i] ?? 0;
    const placed = (laidOut.partOf[section] ?? -1) >= 0;
    const pin = placed ? { symbol: name, address, section, start: address - (symbols.value[i] ?? 0) } : undefined;
    found.set(name, found.has(name) ? undefined : pin);
  }
  return [...found.values()].filter((pin) => pin !== undefined);
}
