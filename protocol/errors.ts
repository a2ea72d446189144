/** Every error that the wire can carry, in one table: its code, whether trying again later can help, and the HTTP status. */

export const ERRORS = {
  'bad-frame': { temporary: false, status: 400 },
  'bad-command': { temporary: false, status: 400 },
  'bad-module': { temporary: false, status: 400 },
  'bad-session': { temporary: false, status: 400 },
  'bad-position': { temporary: false, status: 400 },
  'no-such-machine': { temporary: false, status: 404 },
  'no-such-blob': { temporary: false, status: 404 },
  'no-such-module': { temporary: false, status: 404 },
  'no-such-key': { temporary: false, status: 404 },
  'no-such-bookmark': { temporary: false, status: 404 },
  unauthorized: { temporary: false, status: 401 },
  forbidden: { temporary: false, status: 403 },
  'not-found': { temporary: false, status: 404 },
  'machine-exists': { temporary: false, status: 409 },
  'epoch-changed': { temporary: false, status: 409 },
  'position-trimmed': { temporary: false, status: 410 },
  'position-ahead': { temporary: false, status: 409 },
  'too-large': { temporary: false, status: 413 },
  'too-slow': { temporary: true, status: 408 },
  'too-busy': { temporary: true, status: 503 },
  'version-conflict': { temporary: true, status: 409 },
  'log-unavailable': { temporary: true, status: 503 },
  'shutting-down': { temporary: true, status: 503 },
  internal: { temporary: true, status: 500 },
} as const;

export type ErrorCode = keyof typeof ERRORS;

/** What the wire says when it says no. `temporary`: the same request can succeed later. */
export interface WireError {
  code: ErrorCode;
  message: string;
  temporary: boolean;
}

export function wireError(code: ErrorCode, message: string): WireError {
  return { code, message, temporary: ERRORS[code].temporary };
}
