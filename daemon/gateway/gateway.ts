/** The daemon's edge: HTTP and WebSocket on one port. It checks, hands to the pipelines, and says what came of it. */
import type { IncomingMessage } from 'node:http';
import type { FastifyBaseLogger } from 'fastify';
import { type WireError, wireError } from '../../protocol/errors.ts';
import type { Health } from '../health.ts';
import { EDGE, type EdgeLimits } from '../limits.ts';
import type { BlobStore } from '../log/blobs.ts';
import type { Metrics } from '../metrics.ts';
import type { Runtime } from '../pipelines/runtime.ts';
import { admit, isLoopback } from './admit.ts';
import { openAuthority } from './auth/authorize.ts';
import { openTickets } from './auth/tickets.ts';
import { openTokens, type TokenEntry } from './auth/tokens.ts';
import { blobRoutes } from './http/blobs.ts';
import { forkRoutes } from './http/fork.ts';
import { healthRoutes } from './http/health.ts';
import { inspectRoutes } from './http/inspect.ts';
import { machineRoutes } from './http/machines.ts';
import { observeRequests } from './http/observe.ts';
import { pageRoute } from './http/page.ts';
import { positionRoutes } from './http/positions.ts';
import { presetsRoute } from './http/presets.ts';
import { openServer, type Tls } from './http/server.ts';
import { snapshotRoutes } from './http/snapshots.ts';
import { ticketRoute } from './http/tickets.ts';
import { timelineRoute } from './http/timeline.ts';
import { serveSockets } from './socket/upgrade.ts';

export interface GatewayOptions {
  readonly host: string;
  readonly port: number;
  /** Undefined where everybody may do everything: on loopback only. */
  readonly tokens?: readonly TokenEntry[] | undefined;
  readonly tls?: Tls | undefined;
  /** The folder of the page's files. */
  readonly page?: string | undefined;
  readonly limits?: Partial<EdgeLimits> | undefined;
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

/** @throws RangeError for a daemon that listens beyond loopback without a token. */
export async function openGateway(
  runtime: Runtime,
  blobs: BlobStore,
  { host, port, tokens, tls, page, limits: given, logger, metrics, health }: GatewayOptions,
): Promise<Gateway> {
  const limits = { ...EDGE, ...given };
  const loopbackOnly = isLoopback(host);
  if (!loopbackOnly && tokens === undefined) throw new RangeError(`listening on ${host} needs tokens`);
  let stopping = false;
  const refusal = (request: IncomingMessage): WireError | undefined =>
    stopping ? wireError('shutting-down', 'the daemon is about to stop') : admit(request, loopbackOnly);
  const authority = openAuthority(tokens && openTokens(tokens), openTickets(Date.now));

  const app = openServer({ logger, tls, authority, limits, refusal, mistake: runtime.world.mistake });
  observeRequests(app, metrics);
  pageRoute(app, page);
  healthRoutes(app, health, metrics);
  ticketRoute(app, authority);
  presetsRoute(app);
  machineRoutes(app, runtime);
  positionRoutes(app, runtime);
  inspectRoutes(app, runtime);
  forkRoutes(app, runtime);
  timelineRoute(app, runtime);
  snapshotRoutes(app, runtime);
  blobRoutes(app, blobs);
  const sockets = serveSockets(app.server, runtime, authority, refusal, metrics, limits);

  const address = await app.listen({ host, port });
  return {
    url: reachable(address, tls !== undefined),

    stop() {
      stopping = true;
    },

    async close() {
      stopping = true;
      sockets.close();
      await app.close();
    },
  };
}

/** Where a person on this host reaches what listens on `address`, which always begins with http. */
function reachable(address: string, secure: boolean): string {
  const local = address.replace(/^(https?:\/\/)(0\.0\.0\.0|\[::\])/, '$1localhost');
  return secure ? local.replace(/^http:/, 'https:') : local;
}
