/** What a supervisor, a load balancer and Prometheus ask. */
import type { FastifyInstance } from 'fastify';
import { wireError } from '../../../protocol/errors.ts';
import type { Health } from '../../health.ts';
import type { Metrics } from '../../metrics.ts';
import { VERSION } from '../../version.ts';
import { Refused } from './answer.ts';

export function healthRoutes(app: FastifyInstance, ask: () => Promise<Health>, metrics: Metrics): void {
  app.get('/healthz', { config: { open: true } }, () => ({
    status: 'ok',
    version: VERSION,
    uptime: Math.floor(process.uptime()),
  }));

  app.get('/readyz', { config: { open: true } }, async () => {
    const health = await ask();
    if (!health.ready) throw new Refused(wireError('log-unavailable', health.reason));
    return { status: 'ready' };
  });

  app.get('/metrics', async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()));
}
