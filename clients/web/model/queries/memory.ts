/** Whose memory an address is, among the modules of a view. */
import { fromHex } from '../../../../protocol/address.ts';
import type { Part } from '../../../../protocol/events/memory.ts';
import type { Module, Veneer, View } from '../../../../protocol/view/types.ts';

/** Bytes of an arm64 PLT entry: three instructions. x86-64 has none. */
export const PLT_ENTRY = 12;

export type Section = Module['sections'][number];

export interface Owned {
  readonly module: Module;
  readonly part: Part;
}

/** Of an address in a module's memory; undefined of any other. */
export function ownerOf({ modules }: View, address: number): Owned | undefined {
  for (const module of modules.values()) {
    for (const [part, place] of Object.entries(module.parts)) {
      const start = fromHex(place.address);
      if (address >= start && address < start + place.size) return { module, part: part as Part };
    }
  }
  return undefined;
}

export function sectionAt({ sections, parts }: Module, address: number): Section | undefined {
  return sections.find(({ address: hex, size, part }) => {
    const start = fromHex(hex);
    return parts[part] !== undefined && address >= start && address < start + size;
  });
}

/** The veneer of the PLT entry that holds an address. */
export function veneerAt({ veneers }: Module, address: number): Veneer | undefined {
  return veneers.find(({ address: hex, words }) => {
    const start = fromHex(hex);
    return address >= start && address < start + words.length * 4;
  });
}

export const isPlt = ({ name }: Pick<Section, 'name'>): boolean => name === '.plt' || name === '.init.plt';
