/** What a verification comes to: verdicts of sections, parts, modules and the whole. */
import type { Hex } from '../../../../protocol/address.ts';
import type { EventOf } from '../../../../protocol/events/index.ts';
import type { Part } from '../../../../protocol/events/memory.ts';

export type Seen = Omit<EventOf<'HostModuleObserved'>, 'type' | 'module'>;
export type HostArea = EventOf<'HostAreasObserved'>['areas'][number];

/** A module's file, unpacked. */
export interface ModuleFile {
  readonly file: string;
  readonly bytes: Uint8Array;
}

export interface SectionVerdict {
  readonly name: string;
  readonly address: Hex | null;
  /** `stale`: of init memory that was given back; `missing`: the file has it, and the kernel does not show it. */
  readonly verdict: 'agrees' | 'stale' | 'differs' | 'missing' | 'unknown';
  readonly part?: Part;
  readonly offset?: number;
  readonly expected?: Hex;
  readonly why: string;
}

export interface PartVerdict {
  readonly part: Part;
  readonly base: Hex;
  /** Bytes that its sections and tables take. */
  readonly size: number;
  /** Given back already. */
  readonly stale: boolean;
  /** What else agrees that it begins here. */
  readonly by: readonly string[];
}

export interface ModuleVerdict {
  readonly module: string;
  readonly file: string | null;
  readonly verdict: 'agrees' | 'differs' | 'unverified';
  /** Every disagreement, in a sentence each; of an unverified module, why it is. */
  readonly faults: readonly string[];
  readonly parts: readonly PartVerdict[];
  readonly sections: readonly SectionVerdict[];
}

export interface Verification {
  readonly format: 'veneerd/verification@1';
  readonly release: string | null;
  readonly erratum843419: boolean | null;
  readonly agrees: boolean;
  readonly totals: Readonly<Record<'modules' | 'verified' | 'unverified' | SectionVerdict['verdict'], number>>;
  /** What is wrong beside single modules: parts that overlap. */
  readonly faults: readonly string[];
  readonly modules: readonly ModuleVerdict[];
  /** Areas in the module windows that no module has, by who holds them. */
  readonly areas: readonly HostArea[];
}

export type Verified =
  | { readonly ok: true; readonly verification: Verification }
  | { readonly ok: false; readonly message: string };
