/** What every store checks before it looks at its contents, so that nothing malformed ever gets in. */
import { CommandIdSchema, EpochSchema } from '../../protocol/commit.ts';
import { MachineNameSchema } from '../../protocol/schema.ts';
import { validator } from '../../protocol/validate.ts';
import { StoreError } from './errors.ts';
import { MAX_COMMIT_BYTES, MAX_SNAPSHOT_BYTES, type NewEntry } from './log.ts';

const isName = validator(MachineNameSchema, 'the name of a machine');
const isEpoch = validator(EpochSchema, 'an epoch');
const isId = validator(CommandIdSchema, 'a command id');

export function checkMachine(name: string, epoch?: string): void {
  refuse(isName(name));
  if (epoch !== undefined) refuse(isEpoch(epoch));
}

export function checkId(id: string): void {
  refuse(isId(id));
}

export function checkEntry(entry: NewEntry): void {
  checkId(entry.id);
  // A UTF-16 unit is at most three bytes of UTF-8: most texts need no counting.
  const bytes = entry.text.length * 3 <= MAX_COMMIT_BYTES ? 0 : Buffer.byteLength(entry.text);
  if (bytes > MAX_COMMIT_BYTES) throw tooLarge('a commit', bytes, MAX_COMMIT_BYTES);
}

export function checkSnapshot(bytes: Uint8Array): void {
  if (bytes.length > MAX_SNAPSHOT_BYTES) throw tooLarge('a snapshot', bytes.length, MAX_SNAPSHOT_BYTES);
}

/** The number of a commit, or 0 for the place before the first. */
export function checkPosition(what: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new StoreError('invalid-argument', `${what}: expected a whole number from 0, found ${value}`);
  }
}

export function tooLarge(what: string, bytes: number, limit: number): StoreError {
  return new StoreError('too-large', `${what} has at most ${limit} bytes, this one has ${bytes}`);
}

function refuse(valid: { readonly ok: boolean; readonly message?: string }): void {
  if (!valid.ok) throw new StoreError('invalid-argument', valid.message ?? 'not valid');
}
