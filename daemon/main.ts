/** `npm start`: runs a daemon until it is told to stop. */
import { existsSync } from 'node:fs';
import { type Config, readConfig } from './config.ts';
import { type Daemon, startDaemon } from './daemon.ts';
import { firstSteps } from './first-steps.ts';
import { StoreError } from './log/errors.ts';
import { DEMO_SESSION } from './pipelines/demo.ts';

/** The first signal ends the daemon in good order, a second one at once. */
let stopping = false;
function stopOn(daemon: Daemon): void {
  const onSignal = (): void => {
    if (stopping) process.exit(130);
    stopping = true;
    daemon.close().then(
      () => process.exit(0),
      (error: unknown) => fail(`could not stop in good order: ${messageOf(error)}`),
    );
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
}

/** `page`: makes the files of the page if need be, and says where they are. */
export async function main(argv: readonly string[], page: () => Promise<string | undefined>): Promise<void> {
  const config = readConfig(argv);
  try {
    const folder = await page();
    const daemon = await startDaemon({ ...config, ...(folder !== undefined && { page: folder }) });
    stopOn(daemon);
    process.stdout.write(welcome(config, daemon, folder !== undefined));
  } catch (error) {
    fail(startError(config, error));
  }
}

function welcome(config: Config, { url, madeToken }: Daemon, page: boolean): string {
  const where =
    'redisUrl' in config.stores ? 'in Redis' : 'dataDir' in config.stores ? config.stores.dataDir : 'memory';
  const lines = [
    ...(page ? [`Open ${url} in a browser.`, ''] : []),
    `veneerd listens on ${url}, its log is ${'dataDir' in config.stores ? 'in ' : ''}${where}`,
    ...(madeToken === undefined ? [] : [`An admin's token, made for this run: ${madeToken} (in VENEERD_TOKEN)`]),
    '',
    'Try, in a second terminal:',
    ...firstSteps(url, config.demo !== 'off' && existsSync(DEMO_SESSION)).map((step) => `  ${step}`),
    '',
  ];
  return `${lines.join('\n')}\n`;
}

function startError(config: Config, error: unknown): string {
  const { code } = error as { code?: unknown };
  if (error instanceof StoreError || error instanceof RangeError) return error.message;
  if (code === 'EADDRINUSE') return `port ${config.port} of ${config.host} is in use; another one: --port 0`;
  if (code === 'EACCES') return `may not listen on port ${config.port} of ${config.host}`;
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') return `this machine has no address ${config.host}`;
  if (typeof code === 'string') return messageOf(error);
  throw error;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function fail(message: string): never {
  process.stderr.write(`veneerd: ${message}\n`);
  process.exit(1);
}
