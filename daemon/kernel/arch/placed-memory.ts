/** Reading and writing a placed module by address, for what the kernel patches after relocation. */
import type { PlacedModule } from './arch.ts';

/** Where an address is: `bytes` available in `view` from `at` on. */
export interface Spot {
  readonly view: DataView;
  readonly at: number;
  readonly bytes: number;
}

interface Piece {
  readonly start: number;
  readonly view: DataView;
}

/** Finds the section that holds an address; undefined outside the module's placed bytes. */
export type FindSpot = (address: number) => Spot | undefined;

export const spotFinder = (placed: PlacedModule): FindSpot => {
  const pieces: Piece[] = [];
  for (const [index, bytes] of placed.memory.entries()) {
    const start = placed.sectionAddress[index] ?? Number.NaN;
    if (!bytes || bytes.length === 0 || Number.isNaN(start)) continue;
    pieces.push({ start, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) });
  }
  // Neighbours in the tables patch the same section, so the last one found comes first.
  let last: Piece | undefined;
  const holds = (p: Piece, address: number): boolean => address >= p.start && address < p.start + p.view.byteLength;
  return (address) => {
    if (!last || !holds(last, address)) last = pieces.find((p) => holds(p, address));
    return last && { view: last.view, at: address - last.start, bytes: last.view.byteLength - (address - last.start) };
  };
};

/** A placed section by name, the first one as `find_section` has it; undefined when it is absent, empty or not loaded. */
export const placedSection = (placed: PlacedModule, name: string): { view: DataView; address: number } | undefined => {
  const index = placed.elf.sections.findIndex((s) => s.name === name);
  const bytes = placed.memory[index];
  const address = placed.sectionAddress[index] ?? Number.NaN;
  if (!bytes || bytes.length === 0 || Number.isNaN(address)) return undefined;
  return { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), address };
};
