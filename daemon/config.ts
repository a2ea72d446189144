/** What a daemon is told when it starts: flags first, then the environment, then defaults. */
import { Command, InvalidArgumentError, Option } from 'commander';
import type { AccessOptions } from './access.ts';
import type { EdgeLimits } from './limits.ts';
import type { StoreConfig } from './log/stores.ts';
import { EVEN, type Pace, parsePace } from './pipelines/pace.ts';
import type { Retention } from './pipelines/retention.ts';
import { VERSION } from './version.ts';

export interface Config {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly stores: StoreConfig;
  readonly access?: Omit<AccessOptions, 'host'>;
  /** Those of daemon/limits.ts unless told. */
  readonly limits?: Partial<EdgeLimits>;
  readonly demo: Pace | 'off';
  /** The folder of the page's files (bin/page.mjs). */
  readonly page?: string;
  /** Without it every commit stays. */
  readonly retention?: Retention;
  readonly logLevel: string;
}

const LEVELS = ['silent', 'error', 'warn', 'info', 'debug'];

/** Reads `argv` without the program's own two words. Ends the process on --help and on mistakes. */
export function readConfig(argv: readonly string[]): Config {
  const program = new Command('veneerd')
    .description('A simulated Linux module loader as an event stream.')
    .version(VERSION)
    .addOption(new Option('--host <address>', 'where to listen').default('127.0.0.1').env('VENEERD_HOST'))
    .addOption(new Option('--port <number>', '0: any free one').default(7077).env('VENEERD_PORT').argParser(readPort))
    .addOption(new Option('--data <folder>', 'for the embedded store').default('.veneerd').env('VENEERD_DATA'))
    .addOption(
      new Option(
        '--redis <url>',
        'keep the log in Redis Streams instead: redis://HOST:PORT, or redis-cluster://HOST:PORT,HOST:PORT; rediss… with TLS',
      ).env('REDIS_URL'),
    )
    .addOption(
      new Option('--redis-replicas <number>', 'acknowledge what so many replicas of Redis have')
        .default(0)
        .env('VENEERD_REDIS_REPLICAS')
        .argParser(readReplicas),
    )
    .addOption(
      new Option('--token-file <file>', 'who may do what: lines `watch|operate|admin TOKEN`').env('VENEERD_TOKEN_FILE'),
    )
    .addOption(new Option('--tls-cert <file>', 'a certificate in PEM: https and wss').env('VENEERD_TLS_CERT'))
    .addOption(new Option('--tls-key <file>', 'its key in PEM').env('VENEERD_TLS_KEY'))
    .addOption(
      new Option('--demo <pace>', 'even (a minute), instant, original, xN or off')
        .default('even')
        .env('VENEERD_DEMO')
        .argParser(readDemo),
    )
    .addOption(
      new Option('--retain-commits <number>', 'of each machine; older ones are trimmed. All stay unless told')
        .env('VENEERD_RETAIN_COMMITS')
        .argParser(readRetained),
    )
    .addOption(
      new Option(
        '--archive <folder>',
        'where trimmed commits go, as session segments; `none`: they are thrown away',
      ).env('VENEERD_ARCHIVE'),
    )
    .addOption(new Option('--log <level>', 'what to say on stderr').choices(LEVELS).default('warn').env('VENEERD_LOG'))
    .addHelpText(
      'after',
      '\nA flag wins over its environment variable. VENEERD_TOKEN is the token of an admin. Tokens have 16 to 256 printable\n' +
        'characters. Beyond loopback a token is needed; where none is given the daemon makes one and says it once.',
    )
    .allowExcessArguments(false)
    .configureOutput({ writeErr: (text) => process.stderr.write(text) });
  const opts = program.parse(['node', 'veneerd', ...argv]).opts<{
    host: string;
    port: number;
    data: string;
    redis?: string;
    redisReplicas: number;
    tokenFile?: string;
    tlsCert?: string;
    tlsKey?: string;
    demo: Pace | 'off' | 'even';
    retainCommits?: number;
    archive?: string;
    log: string;
  }>();
  const retention = retentionOf(opts, (message) => program.error(`error: ${message}`));
  return {
    host: opts.host,
    port: opts.port,
    stores: opts.redis ? { redisUrl: opts.redis, replicas: opts.redisReplicas } : { dataDir: opts.data },
    access: {
      tokenFile: opts.tokenFile,
      token: process.env.VENEERD_TOKEN,
      tlsCert: opts.tlsCert,
      tlsKey: opts.tlsKey,
    },
    demo: opts.demo === 'even' ? EVEN : opts.demo,
    ...(retention !== undefined && { retention }),
    logLevel: opts.log,
  };
}

function readPort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port <= 65_535)) throw new InvalidArgumentError('expected a port, 0 to 65535');
  return port;
}

function readReplicas(text: string): number {
  if (!/^\d$/.test(text)) throw new InvalidArgumentError('expected a number of replicas, 0 to 9');
  return Number(text);
}

function readRetained(text: string): number {
  const commits = /^[1-9]\d{0,14}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(commits)) throw new InvalidArgumentError('expected a number of commits, from 1');
  return commits;
}

/** Nothing is thrown away unless somebody says so. */
function retentionOf(
  { retainCommits, archive }: { readonly retainCommits?: number; readonly archive?: string },
  refuse: (message: string) => never,
): Retention | undefined {
  if (retainCommits === undefined) {
    return archive === undefined || archive === ''
      ? undefined
      : refuse('--archive takes what is trimmed: say with --retain-commits how much stays');
  }
  if (archive === undefined || archive === '') {
    return refuse(
      '--retain-commits trims: say with --archive where the commits go, or --archive none to throw them away',
    );
  }
  return { commits: retainCommits, archive: archive === 'none' ? null : archive };
}

function readDemo(text: string): Pace | 'off' {
  const pace = text === 'off' ? text : parsePace(text);
  if (pace === undefined) throw new InvalidArgumentError('expected even, instant, original, xN or off');
  return pace;
}
