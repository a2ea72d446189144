/**
 * Bodies that come in: so many large ones at a time, and each with a least speed, so that nobody who sends nothing holds
 * a place.
 */
import type { FastifyInstance } from 'fastify';
import { BODY_LEAST, type EdgeLimits, FRAME_BYTES } from '../../limits.ts';
import { refused } from './answer.ts';

export function boundBodies(app: FastifyInstance, limits: EdgeLimits): void {
  let uploads = 0;

  app.addHook('onRequest', async (request, reply) => {
    const { raw } = request;
    if (request.method === 'GET' || request.method === 'HEAD') return;
    const large = (request.routeOptions.bodyLimit ?? 0) > FRAME_BYTES;
    if (large && uploads >= limits.uploads)
      throw refused('too-busy', `${limits.uploads} files are on their way in already`);
    if (large) uploads++;
    let before = raw.socket.bytesRead;
    let slow = false;
    const timer = setInterval(() => {
      const { bytesRead } = raw.socket;
      // What the daemon has not taken yet is not the sender's fault.
      const waits = raw.complete || raw.readableLength > 0;
      if (waits || bytesRead - before >= BODY_LEAST) before = bytesRead;
      else if (slow) raw.destroy(refused('too-slow', `fewer than ${BODY_LEAST} bytes came in ${limits.bodyMs} ms`));
      else slow = true;
    }, limits.bodyMs);
    timer.unref();
    reply.raw.once('close', () => {
      clearInterval(timer);
      if (large) uploads--;
    });
  });
}
