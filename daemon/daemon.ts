/** A daemon put together: stores, machines, gateway, demo. main.ts runs one; tests start theirs here. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Logger, pino } from 'pino';
import { readAccess } from './access.ts';
import type { Config } from './config.ts';
import { openGateway } from './gateway/gateway.ts';
import { watchHealth } from './health.ts';
import * as kernel from './kernel/kernel.ts';
import { DRAIN_MS } from './limits.ts';
import { openStores } from './log/stores.ts';
import { openMetrics } from './metrics.ts';
import { observed } from './observe.ts';
import { DEMO_SESSION, playDemo } from './pipelines/demo.ts';
import { openHubs } from './pipelines/hubs.ts';
import type { Pace } from './pipelines/pace.ts';
import { startRetention } from './pipelines/retention.ts';
import { openRuntime, type Runtime } from './pipelines/runtime.ts';
import { VERSION } from './version.ts';

export interface Daemon {
  readonly url: string;
  /** The admin's token that was made because nobody gave one. */
  readonly madeToken: string | undefined;
  /** Takes nothing new, does what is under way (for a few seconds), lets go of sockets and stores. */
  close(): Promise<void>;
}

const EPOCH_BYTES = 8;

/**
 * @throws StoreError; the system's error when it can't listen or read a file; RangeError for a file that says something else.
 * Nothing is left open then.
 */
export async function startDaemon(config: Config): Promise<Daemon> {
  const { tokens, made, tls } = readAccess({ host: config.host, ...config.access });
  const logger = pino({ level: config.logLevel, base: null }, pino.destination(2));
  const stores = await openStores(config.stores);
  for (const warning of stores.warnings) logger.warn(warning);
  const metrics = openMetrics();
  const runtime = observed(
    openRuntime({
      log: stores.log,
      blobs: stores.blobs,
      kernel,
      hubs: openHubs(stores.log),
      now: Date.now,
      newEpoch: () => randomBytes(EPOCH_BYTES).toString('hex'),
      mistake: (error) => logger.error(error),
    }),
    metrics,
    logger,
  );
  metrics.conflicts(runtime.world.conflicts);
  const endRetention = config.retention
    ? await startRetention(runtime.world, config.retention, {
        trimmed: (trim) => logger.info(trim, 'trimmed'),
        failed: (error) => logger.error(error, 'could not trim, will try again'),
      }).catch(async (error: unknown) => {
        await stores.close();
        throw error;
      })
    : undefined;
  const health = watchHealth(stores.log.check, metrics.store, logger);
  const edge = { ...config, tokens, tls, logger, metrics, health: health.ask };
  const gateway = await openGateway(runtime, stores.blobs, edge).catch(async (error: unknown) => {
    health.close();
    await endRetention?.();
    await stores.close();
    throw error;
  });
  logger.info({ url: gateway.url, version: VERSION }, 'started');
  const stop = new AbortController();
  const demo = config.demo === 'off' ? undefined : demoOf(runtime, config.demo, logger, stop.signal);
  let closing: Promise<void> | undefined;

  async function end(): Promise<void> {
    gateway.stop();
    stop.abort();
    await Promise.race([
      Promise.all([demo, endRetention?.(), runtime.close()]),
      sleep(DRAIN_MS, undefined, { ref: false }),
    ]);
    await gateway.close();
    health.close();
    await stores.close();
    logger.info('stopped');
  }

  return {
    url: gateway.url,
    madeToken: made,
    close() {
      closing ??= end();
      return closing;
    },
  };
}

/** Whatever becomes of the demo, the daemon goes on. */
async function demoOf(runtime: Runtime, pace: Pace, logger: Logger, signal: AbortSignal): Promise<void> {
  if (!existsSync(DEMO_SESSION)) {
    logger.warn(`no demo: there is no ${DEMO_SESSION}`);
    return;
  }
  try {
    const played = await playDemo(runtime, pace, signal);
    if (!played.ok) logger.warn(`the demo stopped: ${played.error.message}`);
    else if (played.value.kind === 'ended') logger.info(`the demo ended: ${played.value.why}; it is not played on`);
  } catch (error) {
    logger.error(error, 'the demo stopped');
  }
}
