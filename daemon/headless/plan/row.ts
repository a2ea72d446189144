/** What one placement of the machine comes to, in figures: one row of a sweep. */
import type { EventOf } from '../../../protocol/events/index.ts';
import type { WindowFills } from './fill.ts';
import type { Seed } from './input.ts';

export interface Failure {
  /** Which of the modules, from 0. */
  readonly index: number;
  readonly module: string;
  readonly file: string;
  /** What the system call returns; null where the kernel would not survive. */
  readonly errno: string | null;
  /** The kernel's own. */
  readonly words: string;
  readonly step: EventOf<'ModuleLoadFailed'>['step'] | null;
}

/** Branches and slots are those of modules that load; slots are PLT entries of core and init memory together. */
export interface Row {
  readonly seed: Seed;
  readonly fits: boolean;
  readonly loaded: number;
  /** In order of loading: the first is what fails first. */
  readonly failed: readonly Failure[];
  /** Modules with a part in the fallback window. */
  readonly far: number;
  readonly branches: { readonly direct: number; readonly veneer: number };
  /** `reserved`: what the loader counted before it knew any address; `used`: taken, skipped ones included. */
  readonly slots: { readonly reserved: number; readonly used: number };
  /** PLT entries that were written. */
  readonly veneers: number;
  readonly windows: WindowFills;
}
