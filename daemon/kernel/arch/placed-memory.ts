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
  pieces.sort((a, b) => a.start - b.start);
  return (address) => {
    let low = 0;
    let high = pieces.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((pieces[middle]?.start ?? 0) <= address) low = middle + 1;
      else high = middle;
    }
    const piece = pieces[low - 1];
    if (!piece) return undefined;
    const at = address - piece.start;
    return at < piece.view.byteLength ? { view: piece.view, at, bytes: piece.view.byteLength - at } : undefined;
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
