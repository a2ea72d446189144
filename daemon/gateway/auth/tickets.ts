/**
 * Tickets: a browser can't put a token into the request that opens a WebSocket, and a token must not stand in a URL. So it
 * buys a ticket with its token: good for one connection, for a moment.
 */
import { randomBytes } from 'node:crypto';
import { TICKET_MS, TICKETS } from '../../limits.ts';
import type { Role } from './roles.ts';

export interface Tickets {
  issue(role: Role): string;
  /** The role of a ticket, which is used up by this. */
  redeem(ticket: string): Role | undefined;
}

export function openTickets(now: () => number): Tickets {
  /** In the order in which they run out. */
  const open = new Map<string, { readonly role: Role; readonly until: number }>();
  return {
    issue(role) {
      for (const [ticket, { until }] of open) {
        if (until > now() && open.size < TICKETS) break;
        open.delete(ticket);
      }
      const ticket = randomBytes(24).toString('base64url');
      open.set(ticket, { role, until: now() + TICKET_MS });
      return ticket;
    },
    redeem(ticket) {
      const found = open.get(ticket);
      open.delete(ticket);
      return found !== undefined && found.until > now() ? found.role : undefined;
    },
  };
}
