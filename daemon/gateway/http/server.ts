/** The HTTP server without its routes: who is let in, which bodies are read, and how errors are said. */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import { type WireError, wireError } from '../../../protocol/errors.ts';
import { parseJson } from '../../../protocol/json.ts';
import { type EdgeLimits, FRAME_BYTES } from '../../limits.ts';
import { type Authority, notAllowed } from '../auth/authorize.ts';
import { type Role, roleOfMethod } from '../auth/roles.ts';
import { errorHandler, Refused, refused } from './answer.ts';
import { boundAnswers } from './answers.ts';
import { boundSpeed, boundUploads } from './bodies.ts';
import { refuseRaw } from './raw.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Answers without a token. */
    readonly open?: true;
    /** Needs this role, and not the one that its method asks for. */
    readonly role?: Role;
  }
}

/** PEM texts. */
export interface Tls {
  readonly cert: string;
  readonly key: string;
}

export interface ServerOptions {
  readonly logger: FastifyBaseLogger;
  readonly tls: Tls | undefined;
  readonly authority: Authority;
  readonly limits: EdgeLimits;
  /** Why nobody, or not this one, is let in. */
  readonly refusal: (request: IncomingMessage) => WireError | undefined;
  readonly mistake: (error: unknown) => void;
}

/** TCP connections that are no WebSocket, or not yet. */
const OTHERS = 1_000;

export function openServer({ logger, tls, authority, limits, refusal, mistake }: ServerOptions): FastifyInstance {
  /** Why this request gets no answer but that. */
  function whyNot(request: FastifyRequest, reply: FastifyReply): WireError | undefined {
    const error = refusal(request.raw);
    const { open, role } = request.routeOptions.config;
    if (error !== undefined || open) return error;
    const authorized = authority.ofRequest(request.raw);
    if (authorized.ok) return notAllowed(authorized.role, role ?? roleOfMethod(request.method));
    reply.header('www-authenticate', 'Bearer');
    return authorized.error;
  }

  const app = Fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: FRAME_BYTES,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 256 },
    clientErrorHandler,
    // An address that is none: no hook has seen it.
    frameworkErrors(error, request, reply) {
      const refused = whyNot(request, reply);
      errorHandler(mistake)(refused === undefined ? error : new Refused(refused), request, reply);
    },
    serverFactory: (handler): Server => {
      const options = { headersTimeout: limits.headMs, connectionsCheckingInterval: limits.headMs / 2 };
      const server =
        tls === undefined
          ? createServer(options, handler)
          : (createTlsServer({ ...options, ...tls }, handler) as unknown as Server);
      server.maxConnections = limits.connections + OTHERS;
      // A large body takes as long as it takes: bodies.ts asks for its least speed.
      server.requestTimeout = 0;
      boundAnswers(server, limits.idleMs);
      return server;
    },
  });
  app.setErrorHandler(errorHandler(mistake));
  app.setNotFoundHandler((request) => {
    throw refused('not-found', `there is no ${request.method} ${request.url.slice(0, 200)}`);
  });
  boundSpeed(app, limits.bodyMs);
  app.addHook('onRequest', async (request, reply) => {
    const error = whyNot(request, reply);
    if (error !== undefined) throw new Refused(error);
  });
  boundUploads(app, limits.uploads);
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
  return app;
}

/** What is no HTTP, or does not come in time: Node gives up on it before a route could answer. */
function clientErrorHandler(error: Error & { readonly code?: string }, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const slow = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
  refuseRaw(
    socket,
    slow ? wireError('too-slow', 'the request did not come') : wireError('bad-command', 'no HTTP request'),
  );
}
