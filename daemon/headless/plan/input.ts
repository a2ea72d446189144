/** What a plan is asked about: a machine as `boot` takes it, and modules in the order in which they are to be loaded. */
import type { CommandOf } from '../../../protocol/commands.ts';
import type { Blobs } from '../../kernel/kernel.ts';
import { decide, initialState, type State } from '../../kernel/kernel.ts';
import { RunError } from '../run-error.ts';

export type BootFields = Omit<CommandOf<'boot'>, 'type' | 'kaslrSeed'>;

export interface PlanModule {
  /** What people call the file. */
  readonly file: string;
  readonly sha256: string;
  /** Unpacked. */
  readonly bytes: Uint8Array;
}

export interface PlanInput {
  readonly boot: BootFields;
  readonly modules: readonly PlanModule[];
}

/** A KASLR seed; null is the machine as its profile has it. */
export type Seed = number | null;

export const SEED_LIMIT = 2 ** 32;

export function blobsOf({ modules }: PlanInput): Blobs {
  return new Map(modules.map(({ sha256, bytes }) => [sha256, bytes]));
}

/** The machine before the first load. Throws a RunError where the profile is none. */
export function booted({ boot }: Pick<PlanInput, 'boot'>, seed: Seed): State {
  const command: CommandOf<'boot'> = { type: 'boot', ...boot, ...(seed !== null && { kaslrSeed: seed }) };
  const decision = decide(initialState(), command, new Map());
  if (!decision.ok) throw new RunError(`the machine does not boot: ${decision.message}`);
  return decision.state;
}
