/** The sections of modules that are looked at closely, and the PLT entries in them. */
import { fromHex } from '../../../../protocol/address.ts';
import type { Module, View } from '../../../../protocol/view/types.ts';

/** What a section's memory may be used for. */
export type SectionUse = 'code' | 'read-only' | 'data' | 'plt';

export interface Section {
  readonly name: string;
  readonly address: number;
  /** Bytes. */
  readonly size: number;
  readonly use: SectionUse;
  /** Of a PLT: how many entries it has room for. */
  readonly slots?: number;
}

/** Sections in order of address; a module that is not there is left out. */
export type SectionsAnswer = readonly { readonly module: string; readonly sections: readonly Section[] }[];

export function sectionsQuery({ modules }: View, names: readonly string[]): SectionsAnswer {
  return names.flatMap((name) => {
    const module = modules.get(name);
    return module === undefined ? [] : [{ module: name, sections: sectionsOf(module) }];
  });
}

function sectionsOf(module: Module): readonly Section[] {
  const rows = module.sections.map((section): Section => {
    const { name, size } = section;
    const slots = slotsOf(module, name);
    const use = slots === undefined ? useOf(module, section) : 'plt';
    return { name, address: fromHex(section.address), size, use, ...(slots !== undefined && { slots }) };
  });
  return rows.filter(({ size }) => size > 0).sort((a, b) => a.address - b.address);
}

function slotsOf({ plt }: Module, section: string): number | undefined {
  if (section === '.plt') return plt.reserved.core;
  return section === '.init.plt' ? plt.reserved.init : undefined;
}

function useOf({ parts, groups }: Module, { address, part }: Module['sections'][number]): SectionUse {
  if (part.endsWith('text')) return 'code';
  if (part.endsWith('data') && !part.endsWith('rodata')) return 'data';
  const start = parts[part]?.address;
  if ((part !== 'core' && part !== 'init') || !groups || start === undefined) return 'read-only';
  const offset = fromHex(address) - fromHex(start);
  if (offset < groups[part].text) return 'code';
  return part === 'core' && offset < groups.core.roAfterInit ? 'read-only' : 'data';
}
