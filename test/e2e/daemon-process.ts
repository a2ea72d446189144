/** A daemon as people run it: a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface DaemonProcess {
  readonly child: ChildProcess;
  readonly url: string;
  /** Ends it by a signal; the exit code, or the signal's name. */
  end(signal: NodeJS.Signals): Promise<number | NodeJS.Signals>;
}

const PROGRAM: readonly string[] = ['bin/veneerd.mjs'];

function launch(args: readonly string[], program = PROGRAM): ChildProcess {
  return spawn(process.execPath, [...program, ...args], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, REDIS_URL: '', VENEERD_DEMO: 'off' },
  });
}

/**
 * Starts a daemon on a free port unless `args` name one; throws what it says on stderr if it ends instead. `program`: what
 * node is given before them, where it is not the one of this tree; `launched` sees the process before it listens.
 */
export async function startProcess(
  args: readonly string[],
  program = PROGRAM,
  launched: (child: ChildProcess) => void = () => undefined,
): Promise<DaemonProcess> {
  const child = launch(['--port', '0', ...args], program);
  launched(child);
  let out = '';
  let err = '';
  child.stderr?.on('data', (data) => {
    err += String(data);
  });
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout?.on('data', (data) => {
      out += String(data);
      const found = /listens on (http:\S+),/.exec(out)?.[1];
      if (found) resolve(found);
    });
    child.once('exit', (code) => reject(new Error(`ended with ${code}: ${err}`)));
  });
  return {
    child,
    url,
    async end(signal) {
      const exit = once(child, 'exit');
      child.kill(signal);
      const [code, by] = (await exit) as [number | null, NodeJS.Signals | null];
      return code ?? by ?? 0;
    },
  };
}

/** Runs a daemon that is expected to end by itself. */
export async function runToEnd(args: readonly string[]): Promise<{ code: number | null; err: string }> {
  const child = launch(args);
  let err = '';
  child.stderr?.on('data', (data) => {
    err += String(data);
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, err };
}
