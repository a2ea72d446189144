/**
 * Who may talk to the daemon at all, decided before anything is read. A page of another origin may not, and while the
 * daemon listens on loopback only, neither may a name that was made to point there (DNS rebinding).
 */
import type { IncomingMessage } from 'node:http';
import { type WireError, wireError } from '../../protocol/errors.ts';

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i;

export const isLoopback = (host: string): boolean => LOOPBACK.test(host.includes(':') ? `[${host}]` : host);

export function admit({ headers }: IncomingMessage, loopbackOnly: boolean): WireError | undefined {
  const { host, origin } = headers;
  if (loopbackOnly && (host === undefined || !LOOPBACK.test(host))) {
    return wireError('forbidden', `this daemon is reached as localhost, not as ${String(host)}`);
  }
  if (origin !== undefined && hostOf(origin) !== host) {
    return wireError('forbidden', `pages of ${origin} may not talk to this daemon`);
  }
  return undefined;
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}
