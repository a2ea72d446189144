/** What goes wrong with a store, as opposed to what a store refuses (that is a value, see log.ts). */
import type { ReadRefusal } from './log.ts';

export type StoreErrorCode =
  /** The store can't be reached or written now. Whether a write has happened is unknown: repeat it with the same id. */
  | 'store-unavailable'
  /** The store holds something that no version of this program has written there. */
  | 'store-corrupt'
  /** A newer version of this program has written it. */
  | 'store-newer'
  /** Another process has the data folder. */
  | 'store-locked'
  | 'store-closed'
  | 'too-large'
  /** A name, epoch, id or number that breaks the rules of protocol/: a mistake of the caller. */
  | 'invalid-argument';

export class StoreError extends Error {
  readonly code: StoreErrorCode;
  /** Whether the same call can succeed later. */
  readonly temporary: boolean;

  constructor(code: StoreErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'StoreError';
    this.code = code;
    this.temporary = code === 'store-unavailable';
  }
}

/** A follower can't go on: the machine is gone, or the commits after its position are. */
export class FollowEnded extends Error {
  readonly reason: ReadRefusal;
  readonly after: number;

  constructor(machine: string, after: number, reason: ReadRefusal) {
    super(`following ${machine} after commit ${after}: ${describe(reason)}`);
    this.name = 'FollowEnded';
    this.reason = reason;
    this.after = after;
  }
}

function describe(reason: ReadRefusal): string {
  switch (reason.status) {
    case 'no-such-machine':
      return 'the machine was removed';
    case 'epoch-changed':
      return `the machine was created again, its epoch is now ${reason.epoch}`;
    case 'trimmed':
      return `commits before ${reason.first} were trimmed`;
    case 'beyond-head':
      return `the last commit is ${reason.head}`;
    case 'history-lost':
      return 'the store lost that commit, and another one has its number';
  }
}

/** Something in the store that does not belong there: `key` names it, `expected` says what should be there. */
export function corrupt(key: string, expected: string, met: string): StoreError {
  return new StoreError('store-corrupt', `${key}: expected ${expected}, found ${met}`);
}

/** What is stored under `key` is not of form 1, the only one so far. */
export function otherForm(key: string, form: unknown): StoreError {
  const number = Number(form);
  if (!isNumber(number, 2)) return corrupt(key, 'form 1', `form ${shown(form)}`);
  const what = `${key} is of form ${number}: a newer version of veneerd has written it, this one knows form 1`;
  return new StoreError('store-newer', `${what}; start that version, or name another store`);
}

export function closed(): StoreError {
  return new StoreError('store-closed', 'the store is closed');
}

export function isNumber(value: unknown, least: number): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= least;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What was met, short enough for a message. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
