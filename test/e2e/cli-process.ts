/** The real command line in a process of its own. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';

const BIN = fileURLToPath(new URL('../../bin/veneer.mjs', import.meta.url));

export interface Run {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface Started {
  readonly child: ChildProcessWithoutNullStreams;
  readonly done: Promise<Run>;
  /** Resolves when stdout or stderr matches. */
  until(words: RegExp): Promise<void>;
}

/** Starts `veneer`, outside the repository unless told, with no settings of the caller. */
export function start(args: readonly string[], env: NodeJS.ProcessEnv = {}, cwd = tmpdir()): Started {
  const { VENEERD_URL: _, VENEERD_MACHINE: __, ...inherited } = process.env;
  const child = spawn(process.execPath, [BIN, ...args], { cwd, env: { ...inherited, ...env } });
  let out = '';
  let err = '';
  const waiting = new Set<() => void>();
  const heard = (): void => {
    for (const look of waiting) look();
  };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
    heard();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
    heard();
  });
  const done = new Promise<Run>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, err }));
  });
  const until = (words: RegExp): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (!words.test(out) && !words.test(err)) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
      void done.then((run) => reject(new Error(`ended before ${String(words)}: ${JSON.stringify(run)}`)));
    });
  return { child, done, until };
}
