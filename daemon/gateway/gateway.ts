/** The daemon's edge: HTTP and WebSocket on one port. It checks, hands to the pipelines, and says what came of it. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import Fastify, { type FastifyBaseLogger, LogController } from 'fastify';
import { WebSocketServer } from 'ws';
import { ERRORS, type WireError, wireError } from '../../protocol/errors.ts';
import { CLOSE, SOCKET_PATH, SUBPROTOCOL } from '../../protocol/frames.ts';
import { parseJson } from '../../protocol/json.ts';
import type { Health } from '../health.ts';
import { FRAME_BYTES } from '../limits.ts';
import type { BlobStore } from '../log/blobs.ts';
import type { Metrics } from '../metrics.ts';
import type { Runtime } from '../pipelines/runtime.ts';
import { admit, isLoopback } from './admit.ts';
import { errorHandler, Refused, refused } from './http/answer.ts';
import { blobRoutes } from './http/blobs.ts';
import { healthRoutes } from './http/health.ts';
import { inspectRoutes } from './http/inspect.ts';
import { machineRoutes } from './http/machines.ts';
import { observeRequests } from './http/observe.ts';
import { pageRoute } from './http/page.ts';
import { positionRoutes } from './http/positions.ts';
import { serve } from './socket/connection.ts';

export interface GatewayOptions {
  readonly host: string;
  readonly port: number;
  readonly logger: FastifyBaseLogger;
  readonly metrics: Metrics;
  /** Whether the log takes writes. */
  readonly health: () => Promise<Health>;
}

export interface Gateway {
  readonly url: string;
  /** Takes no new connection or request. */
  stop(): void;
  /** Ends every connection; sockets are told to come back. */
  close(): Promise<void>;
}

/** Milliseconds for a socket to say goodbye. */
const GOODBYE_MS = 1_000;

export async function openGateway(
  runtime: Runtime,
  blobs: BlobStore,
  { host, port, logger, metrics, health }: GatewayOptions,
): Promise<Gateway> {
  const { mistake } = runtime.world;
  const loopbackOnly = isLoopback(host);
  let stopping = false;
  const refusal = (request: IncomingMessage): WireError | undefined =>
    stopping ? wireError('shutting-down', 'the daemon is about to stop') : admit(request, loopbackOnly);

  const app = Fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: FRAME_BYTES,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 256 },
  });
  app.setErrorHandler(errorHandler(mistake));
  app.setNotFoundHandler((request) => {
    throw refused('not-found', `there is no ${request.method} ${request.url.slice(0, 200)}`);
  });
  app.addHook('onRequest', async (request) => {
    const error = refusal(request.raw);
    if (error !== undefined) throw new Refused(error);
  });
  observeRequests(app, metrics);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, next) => {
    const parsed = parseJson(body as string);
    if (parsed.ok) next(null, parsed.value);
    else next(refused('bad-command', parsed.message));
  });
  app.addContentTypeParser('application/octet-stream', { parseAs: 'buffer' }, (_request, body, next) => {
    next(null, body);
  });
  app.addContentTypeParser(['application/x-ndjson', 'application/gzip'], (_request, payload, next) => {
    next(null, payload);
  });

  pageRoute(app, runtime);
  healthRoutes(app, health, metrics);
  machineRoutes(app, runtime);
  positionRoutes(app, runtime);
  inspectRoutes(app, runtime);
  blobRoutes(app, blobs);

  const sockets = new WebSocketServer({
    noServer: true,
    clientTracking: true,
    // A frame up to here is answered with an error, a longer one ends the connection while it comes in.
    maxPayload: 2 * FRAME_BYTES,
    perMessageDeflate: false,
    handleProtocols: () => SUBPROTOCOL,
  });
  app.server.on('upgrade', (request, socket, head) => {
    const error = refusal(request) ?? notOurs(request);
    if (error !== undefined) {
      refuseUpgrade(socket, error);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (ws) => {
      metrics.connection(1);
      ws.on('close', () => metrics.connection(-1));
      serve(ws, runtime);
    });
  });

  const address = await app.listen({ host, port });
  return {
    url: address.replace(/^(https?:\/\/)(0\.0\.0\.0|\[::\])/, '$1localhost'),

    stop() {
      stopping = true;
    },

    async close() {
      stopping = true;
      for (const socket of sockets.clients) socket.close(CLOSE.shuttingDown, 'the daemon is about to stop');
      const deadline = setTimeout(() => {
        for (const socket of sockets.clients) socket.terminate();
        app.server.closeAllConnections();
      }, GOODBYE_MS);
      await app.close();
      clearTimeout(deadline);
    },
  };
}

function notOurs(request: IncomingMessage): WireError | undefined {
  const path = request.url?.split('?')[0];
  if (path !== SOCKET_PATH) return wireError('not-found', `WebSockets are served at ${SOCKET_PATH}`);
  const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
  if (offered.includes(SUBPROTOCOL)) return undefined;
  return wireError('bad-frame', `expected the subprotocol ${SUBPROTOCOL}`);
}

function refuseUpgrade(socket: Duplex, error: WireError): void {
  const body = JSON.stringify(error);
  socket.on('error', () => {});
  socket.end(
    `HTTP/1.1 ${ERRORS[error.code].status} Refused\r\nConnection: close\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
