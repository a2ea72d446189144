/** The one error that the SDK throws: what the daemon said, or why it could not be asked. */
import type { ErrorCode, WireError } from '../../protocol/errors.ts';

export type ClientErrorCode =
  | ErrorCode
  /** No connection within the client's patience. */
  | 'unreachable'
  /** The daemon's answer is not one that protocol v1 knows. */
  | 'bad-answer'
  /** A feed skipped or repeated a commit. */
  | 'gap'
  | 'closed'
  /** A file of the caller's own can't be read. */
  | 'unreadable';

export class ClientError extends Error {
  readonly code: ClientErrorCode;
  /** Whether the same call can succeed later. */
  readonly temporary: boolean;

  constructor(code: ClientErrorCode, message: string, temporary = false) {
    super(message);
    this.name = 'ClientError';
    this.code = code;
    this.temporary = temporary;
  }

  static of(error: WireError): ClientError {
    return new ClientError(error.code, error.message, error.temporary);
  }
}
