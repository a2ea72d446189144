/** What becomes of a request: a value, or a refusal with its place in the error table. The one place that maps the log's words to the wire's. */
import { type ErrorCode, type WireError, wireError } from '../../protocol/errors.ts';
import { StoreError, type StoreErrorCode } from '../log/errors.ts';
import type { Gone, ReadRefusal } from '../log/log.ts';

export type Refusal = { readonly ok: false; readonly error: WireError };
export type Outcome<T> = { readonly ok: true; readonly value: T } | Refusal;

export const done = <T>(value: T): Outcome<T> => ({ ok: true, value });
export const refuse = (code: ErrorCode, message: string): Refusal => ({ ok: false, error: wireError(code, message) });

export function refusedRead(machine: string, after: number, refusal: ReadRefusal): Refusal {
  switch (refusal.status) {
    case 'trimmed':
      return trimmed(machine, refusal.first, after);
    case 'beyond-head':
      return refuse(
        'position-ahead',
        `${machine}: the last commit is ${refusal.head}, asked for what follows ${after}`,
      );
    case 'history-lost':
      return refuse(
        'position-ahead',
        `${machine}: the store lost commit ${after}, and another one has its number: start anew`,
      );
    default:
      return refusedGone(machine, refusal);
  }
}

/** Position `asked` is before the earliest one that the log can show. */
export function trimmed(machine: string, first: number, asked: number): Refusal {
  return refuse(
    'position-trimmed',
    `${machine}: commits before ${first} are gone, the earliest position is ${first - 1}, asked for ${asked}; a daemon that ` +
      'archives (--archive) has them as session segments, which `veneer session merge` joins',
  );
}

export function refusedGone(machine: string, gone: Gone): Refusal {
  if (gone.status === 'no-such-machine') return noSuchMachine(machine);
  return refuse('epoch-changed', `${machine} was removed and created again: its epoch is now ${gone.epoch}`);
}

/** Somebody else was first. */
export const conflict = (machine: string, head: number, expected: number): Refusal =>
  refuse('version-conflict', `${machine} is at commit ${head}, expected ${expected}`);

export const noSuchMachine = (machine: string): Refusal => refuse('no-such-machine', `no machine is called ${machine}`);

const STORE_CODES: Readonly<Record<StoreErrorCode, ErrorCode>> = {
  'store-unavailable': 'log-unavailable',
  'store-corrupt': 'internal',
  'store-newer': 'internal',
  'store-locked': 'internal',
  'store-closed': 'shutting-down',
  'too-large': 'too-large',
  'invalid-argument': 'bad-command',
};

/** What a thrown error is to a client. Only a store's errors say what happened: the others are mistakes of the daemon. */
export function thrown(error: unknown): Refusal {
  if (error instanceof StoreError) return refuse(STORE_CODES[error.code], error.message);
  return refuse('internal', 'the daemon made a mistake; its log says more');
}

/** Whether a thrown error is news to the people who run the daemon. */
export const isMistake = (error: unknown): boolean =>
  !(error instanceof StoreError) || STORE_CODES[error.code] === 'internal';
