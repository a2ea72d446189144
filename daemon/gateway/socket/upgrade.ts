/** From an HTTP request to a WebSocket: who is let in, how many, and how all of them are sent home. */
import type { IncomingMessage, Server } from 'node:http';
import { WebSocketServer } from 'ws';
import { type WireError, wireError } from '../../../protocol/errors.ts';
import { CLOSE, SOCKET_PATH, SUBPROTOCOL } from '../../../protocol/wire.ts';
import { type EdgeLimits, FRAME_BYTES, SOCKET_HIGH, SOCKET_LEAST, SOCKETS_HIGH } from '../../limits.ts';
import type { Metrics } from '../../metrics.ts';
import type { Runtime } from '../../pipelines/runtime.ts';
import type { Authority } from '../auth/authorize.ts';
import { refuseRaw } from '../http/raw.ts';
import { serve } from './connection.ts';
import { openPulse } from './pulse.ts';

export interface Sockets {
  /** Tells all of them to come back later, and cuts those that do not take it. */
  close(): void;
}

/** Milliseconds for a socket to say goodbye. */
const GOODBYE_MS = 1_000;

export function serveSockets(
  server: Server,
  runtime: Runtime,
  authority: Authority,
  refusal: (request: IncomingMessage) => WireError | undefined,
  metrics: Metrics,
  limits: EdgeLimits,
): Sockets {
  const sockets = new WebSocketServer({
    noServer: true,
    clientTracking: true,
    // A frame up to here is answered with an error, a longer one ends the connection while it comes in.
    maxPayload: 2 * FRAME_BYTES,
    perMessageDeflate: false,
    handleProtocols: () => SUBPROTOCOL,
  });
  // A handshake that is none gets an answer as every other request in error does.
  sockets.on('wsClientError', (error, socket) => refuseRaw(socket, wireError('bad-frame', error.message)));
  const pulse = openPulse(limits.pingMs, limits.stallMs);
  let subscriptions = 0;
  /** What a socket may hold that its reader has not taken off yet. */
  const share = (): number =>
    Math.min(SOCKET_HIGH, Math.max(SOCKET_LEAST, Math.floor(SOCKETS_HIGH / Math.max(1, sockets.clients.size))));
  const subscribed = (change: 1 | -1): boolean => {
    subscriptions += change;
    metrics.subscription(change);
    return subscriptions <= limits.subscriptions;
  };

  server.on('upgrade', (request, socket, head) => {
    const away = refusal(request);
    if (away !== undefined) return refuseRaw(socket, away);
    // Who may not be told anything is told neither what is served where, nor how many are here.
    const authorized = authority.ofUpgrade(request);
    if (!authorized.ok) return refuseRaw(socket, authorized.error);
    const refused = notOurs(request) ?? noRoom(sockets.clients.size, limits.connections);
    if (refused !== undefined) return refuseRaw(socket, refused);
    sockets.handleUpgrade(request, socket, head, (ws) => {
      metrics.connection(1);
      ws.on('close', () => metrics.connection(-1));
      pulse.add(ws, socket);
      const { machines, pingMs } = limits;
      serve(ws, runtime, { role: authorized.role, share, subscribed, machines, pingMs });
    });
  });

  return {
    close() {
      pulse.close();
      for (const socket of sockets.clients) socket.close(CLOSE.shuttingDown, 'the daemon is about to stop');
      setTimeout(() => {
        for (const socket of sockets.clients) socket.terminate();
        server.closeAllConnections();
      }, GOODBYE_MS).unref();
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

function noRoom(open: number, most: number): WireError | undefined {
  return open < most ? undefined : wireError('too-busy', `${most} clients are connected already`);
}
