/** Where a browser turns its token into a ticket for the WebSocket. */
import type { FastifyInstance } from 'fastify';
import type { Ticket } from '../../../protocol/frames.ts';
import { TICKET_MS } from '../../limits.ts';
import type { Authority } from '../auth/authorize.ts';
import { Refused } from './answer.ts';

export function ticketRoute(app: FastifyInstance, authority: Authority): void {
  app.post('/tickets', { config: { role: 'watch' } }, async (request, reply): Promise<Ticket> => {
    const authorized = authority.ofRequest(request.raw);
    if (!authorized.ok) throw new Refused(authorized.error);
    reply.code(201);
    return { ticket: authority.ticket(authorized.role), milliseconds: TICKET_MS };
  });
}
