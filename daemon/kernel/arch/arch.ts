/**
 * What the generic loader asks of an architecture. One interface, two rooms: arm64/ and x86-64/.
 * Source: include/linux/moduleloader.h, v6.1.
 */
import type { ElfModule } from '../elf/types.ts';

/** A section header after the architecture had its say: sizes and flags that layout works with. */
export interface LayoutSection {
  readonly index: number;
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  readonly size: number;
  readonly align: number;
  /** The architecture sized it and may write to it, although the file holds no bytes of it. */
  readonly made?: true;
}

/** An errno with the kernel's own words, as printk has them. */
export interface KernelError {
  readonly errno: string;
  readonly words: string;
}

/** A module with addresses: what relocation works on. */
export interface PlacedModule {
  readonly name: string;
  readonly elf: ElfModule;
  /** By section index; NaN where the section has no memory. */
  readonly sectionAddress: Float64Array;
  /** Writable bytes of each placed section, by section index. */
  readonly memory: readonly (Uint8Array | undefined)[];
  /** True where the section lives in init memory, by section index. */
  readonly inInit: Uint8Array;
  /** S by symbol index, after symbols were resolved. */
  readonly symbolValue: Float64Array;
  /** S for branches, where calls to some symbols go to static-call trampolines. */
  readonly callValue?: Float64Array;
}

/** A branch island that relocation wrote. `target` is a branch's destination, or the page that an ADRP veneer loads. */
export interface Veneer {
  readonly kind: 'branch' | 'adrp';
  readonly section: '.plt' | '.init.plt';
  readonly slot: number;
  readonly address: number;
  readonly words: readonly number[];
  readonly target: number;
  /** Index of the symbol in the module's table. */
  readonly symbol: number;
  /** The first instruction that needed it. */
  readonly site: number;
}

/** What applying all relocations of a module did. */
export interface Relocated {
  readonly relocations: number;
  readonly branches: { readonly direct: number; readonly veneer: number };
  readonly veneers: readonly Veneer[];
  readonly pltUsed: { readonly core: number; readonly init: number };
}
