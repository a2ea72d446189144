/** What every command gets: where to write, whom to ask, and when to stop. */
import type { PositionText } from '../../protocol/position.ts';
import type { Client, MachineHandle } from '../sdk/types.ts';
import { CliFailure, EXIT, refused, usage } from './failure.ts';
import type { Output } from './output.ts';

export const DEFAULT_URL = 'http://127.0.0.1:7077';

/** Options that stand on every command. */
export interface GlobalOptions {
  readonly json?: true;
  readonly url: string;
  readonly machine?: string;
}

export interface Context {
  readonly out: Output;
  readonly options: GlobalOptions;
  /** The machine is the environment's choice, not that of the command line. */
  readonly machineOfEnvironment: boolean;
  /** From the first call on, Ctrl-C aborts the signal and the command ends in its own good order; a second one kills it. */
  readonly interruption: () => AbortSignal;
}

/** How long a daemon that does not answer is waited for. */
const PATIENCE_MS = 4000;
/** The same for one that was there before: it may be starting again. */
const FOLLOW_PATIENCE_MS = 10 * 60_000;

/** Runs `work` with a client of the daemon; its errors become failures with an exit code. */
export async function withClient<T>(context: Context, work: (client: Client) => Promise<T>): Promise<T> {
  return connected(context, PATIENCE_MS, work);
}

/** As withClient, for work that follows a log: once the daemon has answered, it may go away and come back. */
export async function following<T>(context: Context, work: (client: Client) => Promise<T>): Promise<T> {
  await withClient(context, (client) => client.machines());
  return connected(context, FOLLOW_PATIENCE_MS, work);
}

async function connected<T>(context: Context, patience: number, work: (client: Client) => Promise<T>): Promise<T> {
  const { url } = context.options;
  if (!/^https?:\/\/[^\s/]/.test(url)) throw usage(`--url ${url}: expected http://HOST:PORT`);
  const { ClientError, connect } = await import('../sdk/node.ts');
  const token = process.env.VENEERD_TOKEN;
  const client = connect(url, token === undefined || token === '' ? { patience } : { patience, token });
  try {
    return await work(client);
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    if (error.code === 'unreachable') throw unreachable(url, error.message);
    if (error.code === 'unauthorized') throw refused(error.code, `${error.message}: VENEERD_TOKEN holds the token`);
    throw refused(error.code, error.temporary ? `${error.message} (try again)` : error.message);
  } finally {
    client.close();
  }
}

function unreachable(url: string, why: string): CliFailure {
  if (/certificate/i.test(why)) {
    const known = 'name the certificate, or who signed it, in NODE_EXTRA_CA_CERTS';
    return new CliFailure(EXIT.unreachable, 'unreachable', `${url} can't be trusted (${why}): ${known}`);
  }
  return new CliFailure(
    EXIT.unreachable,
    'unreachable',
    `no daemon answers at ${url} (${why}): start one with \`npm start\`, or name another with --url or VENEERD_URL`,
  );
}

/** The machine that a permalink, `-m` or VENEERD_MACHINE names, or the only one that there is. */
export async function theMachine(context: Context, client: Client, position?: PositionText): Promise<MachineHandle> {
  const linked = position?.form === 'link' ? position.machine : undefined;
  const { machine: told } = context.options;
  if (linked !== undefined && told !== undefined && told !== linked && !context.machineOfEnvironment) {
    throw usage(`-m ${told} and ${linked}@…: these are two machines, leave one of them out`);
  }
  const named = linked ?? told;
  // Asked even when the answer is known: this says at once when nobody answers, a command would wait for a connection.
  const machines = await client.machines();
  if (named !== undefined) return client.machine(named);
  const [first, second] = machines;
  if (first === undefined) throw usage('there is no machine yet: create one with `veneer boot NAME`');
  if (second === undefined) return client.machine(first.name);
  const names = machines.map((machine) => machine.name).join(', ');
  throw usage(`which machine? Name one with -m or VENEERD_MACHINE: ${names}`);
}
