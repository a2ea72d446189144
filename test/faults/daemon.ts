/** A daemon of the suite: a real process on a port of its own, which clients reach through a proxy. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { type DaemonProcess, startProcess } from '../e2e/daemon-process.ts';
import { startProxy, type TcpProxy } from '../sdk/proxy.ts';
import { freePort } from '../support/redis.ts';
import { TooLong } from './bounded.ts';
import type { Outcome } from './outcome.ts';

/** Milliseconds: a start may find Redis away and has to be repeated, as a service manager does. */
const STARTS_WITHIN = 60_000;
const START_AGAIN = 250;
/** Milliseconds that a daemon has between SIGTERM and its end. */
const ENDS_WITHIN = 20_000;
/** pino's level of what should never happen. */
const ERROR_LEVEL = 50;

export interface Daemon {
  readonly name: string;
  /** What lies between its clients and it. */
  readonly front: TcpProxy;
  /** Of the process that runs now. */
  readonly pid: number | undefined;
  start(): Promise<void>;
  /** kill -9, at any moment of its life. */
  kill(): Promise<void>;
  /** SIGTERM, and complains unless it ends well. */
  end(): Promise<void>;
  pause(): void;
  resume(): void;
  close(): Promise<void>;
}

/** What node is given to run a daemon, before its own arguments. */
export type Program = readonly string[];

export async function openDaemon(
  name: string,
  program: Program,
  args: readonly string[],
  outcome: Outcome,
): Promise<Daemon> {
  const port = String(await freePort());
  const front = await startProxy(`http://127.0.0.1:${port}`);
  let child: ChildProcess | undefined;
  /** Whether this end of the process was our doing. */
  let expected = false;
  /** A fault that is still under way must not bring it back to life. */
  let closed = false;
  /** The last lines that it wrote to stderr. */
  let words: readonly string[] = [];

  const launched = (process: ChildProcess): void => {
    child = process;
    expected = false;
    if (process.stderr !== null) createInterface({ input: process.stderr }).on('line', hear);
  };
  function hear(line: string): void {
    words = [...words.slice(-9), line];
    const { level, msg, err } = parsed(line);
    if (level >= ERROR_LEVEL) outcome.complain('broken', `FAULT-8: ${name} says: ${msg} ${err?.stack ?? ''}`);
  }
  const watch = (started: DaemonProcess): void => {
    started.child.once('exit', (code, signal) => {
      if (!expected)
        outcome.complain('broken', `FAULT-8: ${name} ended by itself: ${code ?? signal}\n${words.join('\n')}`);
    });
  };
  const signal = async (which: NodeJS.Signals): Promise<number | NodeJS.Signals> => {
    expected = true;
    const there = child;
    if (there === undefined || there.exitCode !== null || there.signalCode !== null) return 0;
    const exit = once(there, 'exit');
    there.kill(which);
    const [code, by] = (await exit) as [number | null, NodeJS.Signals | null];
    return code ?? by ?? 0;
  };

  return {
    name,
    front,
    get pid() {
      return child?.pid;
    },
    async start() {
      const deadline = Date.now() + STARTS_WITHIN;
      while (!closed) {
        try {
          watch(await startProcess([...args, '--port', port], program, launched));
          return;
        } catch (error) {
          if (expected) return;
          if (Date.now() > deadline) throw new TooLong(`start ${name}: ${String(error)}`, STARTS_WITHIN);
          await sleep(START_AGAIN);
        }
      }
    },
    async kill() {
      await signal('SIGKILL');
    },
    async end() {
      const late = setTimeout(() => {
        outcome.complain('broken', `FAULT-8: ${name} did not end within ${ENDS_WITHIN / 1000} s after SIGTERM`);
        child?.kill('SIGKILL');
      }, ENDS_WITHIN);
      const code = await signal('SIGTERM');
      clearTimeout(late);
      if (code !== 0) outcome.complain('broken', `FAULT-8: ${name} ended with ${code} after SIGTERM`);
    },
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
    async close() {
      closed = true;
      await signal('SIGKILL');
      await front.close();
    },
  };
}

interface Line {
  readonly level: number;
  readonly msg: string;
  readonly err?: { readonly stack?: string };
}

/** What pino writes; anything else was not meant to be there. */
function parsed(line: string): Line {
  try {
    return JSON.parse(line) as Line;
  } catch {
    return { level: 0, msg: line };
  }
}
