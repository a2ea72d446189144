/** Each answer over HTTP is counted by its route, and logged at level debug. */
import type { FastifyInstance } from 'fastify';
import type { Metrics } from '../../metrics.ts';

export function observeRequests(app: FastifyInstance, metrics: Metrics): void {
  app.addHook('onResponse', async (request, reply) => {
    const { method } = request;
    // The pattern and never the path: a path is what a client chose.
    const route = request.routeOptions.url ?? 'none';
    metrics.request(method, route, reply.statusCode, reply.elapsedTime / 1000);
    request.log.debug({ method, route, status: reply.statusCode, ms: reply.elapsedTime }, 'request');
  });
}
