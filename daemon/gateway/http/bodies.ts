/**
 * Bodies that come in: each with a least speed, whatever is answered, and so many large ones at a time, so that nobody
 * who sends nothing holds a place.
 */
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { BODY_LEAST, FRAME_BYTES } from '../../limits.ts';
import { refused } from './answer.ts';

/** To be called before any hook that refuses a request. */
export function boundSpeed(app: FastifyInstance, bodyMs: number): void {
  app.addHook('onRequest', async ({ raw }) => {
    if (hasBody(raw)) watch(raw, bodyMs);
  });
}

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;

function watch(body: IncomingMessage, bodyMs: number): void {
  let before = body.socket.bytesRead;
  let slow = false;
  const timer = setInterval(() => {
    const { bytesRead } = body.socket;
    // What the daemon has not taken yet is not the sender's fault.
    if (body.complete) clearInterval(timer);
    else if (body.readableLength > 0 || bytesRead - before >= BODY_LEAST) {
      before = bytesRead;
      slow = false;
    } else if (slow) body.destroy(refused('too-slow', `fewer than ${BODY_LEAST} bytes came in ${bodyMs} ms`));
    else slow = true;
  }, bodyMs);
  timer.unref();
  body.once('close', () => clearInterval(timer));
}

/** To be called after those. */
export function boundUploads(app: FastifyInstance, most: number): void {
  let uploads = 0;
  app.addHook('onRequest', async ({ routeOptions }, reply) => {
    if ((routeOptions.bodyLimit ?? 0) <= FRAME_BYTES) return;
    if (uploads >= most) throw refused('too-busy', `${most} files are on their way in already`);
    uploads++;
    reply.raw.once('close', () => uploads--);
  });
}
