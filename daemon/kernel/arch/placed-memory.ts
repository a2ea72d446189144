/** Reading and writing a placed module by address, for what the kernel patches after relocation. */
import type { PlacedModule } from './arch.ts';

/** Where an address is: `bytes` available in `view` from `at` on. */
export interface Spot {
  readonly view: DataView;
  readonly at: number;
  readonly bytes: number;
}

/** Finds the section that holds an address; undefined outside the module's placed bytes. */
export type FindSpot = (address: number) => Spot | undefined;

/** Neighbours in a table are mostly in the same section. */
export const spotFinder = (placed: PlacedModule): FindSpot => {
  let start = Number.NaN;
  let view = viewOf(new Uint8Array(0));
  return (address) => {
    if (!(address >= start && address < start + view.byteLength)) {
      const index = sectionAt(placed, address);
      const bytes = placed.memory[index];
      if (!bytes) return undefined;
      start = placed.sectionAddress[index] as number;
      view = viewOf(bytes);
    }
    const at = address - start;
    return { view, at, bytes: view.byteLength - at };
  };
};

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** The index of the section with bytes that holds an address, -1 if none does. */
const sectionAt = ({ memory, sectionAddress }: PlacedModule, address: number): number => {
  for (let i = 0; i < memory.length; i++) {
    const start = sectionAddress[i] as number;
    // False for a section without memory, whose address is NaN.
    if (address >= start && address < start + (memory[i]?.length ?? 0)) return i;
  }
  return -1;
};

/** A placed section by name, the first one as `find_section` has it; undefined when it is absent, empty or not loaded. */
export const placedSection = (placed: PlacedModule, name: string): { view: DataView; address: number } | undefined => {
  const index = placed.elf.sections.findIndex((s) => s.name === name);
  const bytes = placed.memory[index];
  const address = placed.sectionAddress[index] ?? Number.NaN;
  if (!bytes || bytes.length === 0 || Number.isNaN(address)) return undefined;
  return { view: viewOf(bytes), address };
};
