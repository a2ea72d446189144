/** From a request to the role of whoever sent it. */
import type { IncomingMessage } from 'node:http';
import { type WireError, wireError } from '../../../protocol/errors.ts';
import { may, type Role } from './roles.ts';
import type { Tickets } from './tickets.ts';
import type { Tokens } from './tokens.ts';

export type Authorized = { readonly ok: true; readonly role: Role } | { readonly ok: false; readonly error: WireError };

export interface Authority {
  /** By the header `authorization: Bearer TOKEN`. */
  ofRequest(request: IncomingMessage): Authorized;
  /** By the header, or by `?ticket=` in its address. */
  ofUpgrade(request: IncomingMessage): Authorized;
  /** A ticket for whoever sent this. */
  ticket(role: Role): string;
}

/** Without tokens everybody is admin: the daemon listens on loopback only. */
export function openAuthority(tokens: Tokens | undefined, tickets: Tickets): Authority {
  const byHeader = ({ headers }: IncomingMessage): Authorized => {
    if (tokens === undefined) return { ok: true, role: 'admin' };
    const [scheme, token = ''] = (headers.authorization ?? '').split(' ', 2);
    const role = scheme?.toLowerCase() === 'bearer' ? tokens.roleOf(token) : undefined;
    return role === undefined ? unauthorized('expected the header `authorization: Bearer TOKEN`') : { ok: true, role };
  };
  return {
    ofRequest: byHeader,
    ofUpgrade(request) {
      const ticket = new URLSearchParams(request.url?.split('?', 2)[1]).get('ticket');
      if (ticket === null) return byHeader(request);
      const role = tickets.redeem(ticket);
      return role === undefined ? unauthorized('this ticket is used up or ran out') : { ok: true, role };
    },
    ticket: tickets.issue,
  };
}

const unauthorized = (message: string): Authorized => ({ ok: false, error: wireError('unauthorized', message) });

export function notAllowed(role: Role, needed: Role): WireError | undefined {
  return may(role, needed) ? undefined : wireError('forbidden', `this needs the role ${needed}, the token has ${role}`);
}
