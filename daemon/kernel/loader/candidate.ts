/** A module that asks to be loaded, whether it came as an ELF file or as a manifest: what the steps of a load ask of it. */
import type { KernelError, LayoutSection, Relocated } from '../arch/arch.ts';
import type { ModuleStaticCalls } from '../static-call/module.ts';
import type { Tables } from './layout.ts';

export interface Import {
  readonly name: string;
  readonly weak: boolean;
}

export interface CandidateExport {
  readonly name: string;
  readonly gplOnly: boolean;
  readonly namespace: string;
}

/** Where the module's sections are: by section index, NaN where a section has no memory. */
export interface Placement {
  readonly sectionAddress: Float64Array;
  /** 1 where the section lives in init memory, by section index. */
  readonly inInit: Uint8Array;
  /** Start of the per-CPU area; NaN if the module has none. */
  readonly percpu: number;
  /** Address of each import, in the order of `imports`; NaN where nobody has a weak one. */
  readonly imports: ArrayLike<number>;
}

/** A module whose memory is filled and relocated. */
export interface Linked {
  readonly relocated: Relocated;
  /** Bytes by section index; none for a section of zeroes that nothing wrote to. */
  readonly memory: readonly (Uint8Array | undefined)[];
  /** Address of each export, in the order of the candidate's `exports`. */
  readonly exports: readonly number[];
  symbolName(index: number): string;
  /** Only on machines with static calls. */
  readonly staticCalls?: ModuleStaticCalls;
}

export type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: KernelError };

/** What a module says about itself, before the architecture has sized its sections. */
export interface Introduction {
  readonly name: string;
  readonly vermagic: string | undefined;
  /** A module with symbol versions may come from another release: only the rest of the version magic must be equal. */
  readonly hasVersions: boolean;
  /** Sizes and flags, as they are laid out. */
  prepare(): Outcome<Candidate>;
}

export interface Candidate extends Omit<Introduction, 'prepare'> {
  readonly license: string | undefined;
  readonly importedNamespaces: readonly string[];
  readonly hasInit: boolean;
  readonly hasExit: boolean;
  readonly imports: readonly Import[];
  /** For each common symbol, which the loader refuses, how many imports stand before it in the symbol table. */
  readonly commons: readonly number[];
  readonly exports: readonly CandidateExport[];
  /** Sections as layout takes them: allocated where SHF_ALLOC says so, the architecture's own sized. */
  readonly sections: readonly LayoutSection[];
  readonly tables: Tables;
  readonly pltReserved: { readonly core: number; readonly init: number };
  readonly percpu: { readonly size: number; readonly align: number } | undefined;
  /** Fills memory, applies relocations, and does what the architecture does when a module is final. */
  link(placement: Placement): Outcome<Linked>;
}
