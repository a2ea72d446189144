/** Where words go: results to stdout, progress and notes to stderr; with `--json` stdout holds JSON alone. */
import type { Writable } from 'node:stream';
import pc from 'picocolors';

type Stream = Writable & { readonly isTTY?: boolean; readonly columns?: number };
export type Paint = ReturnType<typeof pc.createColors>;

export interface Output {
  readonly json: boolean;
  /** Colours of stdout; plain text unless it is a terminal and NO_COLOR is unset. */
  readonly paint: Paint;
  /** Columns of stdout; 100 where it is no terminal. */
  readonly width: number;
  readonly terminal: boolean;
  /** Lines of a result for people; nothing with `--json`. */
  print(...lines: readonly string[]): void;
  /** One JSON value on a line of its own; nothing without `--json`. Resolves when the reader has room for more. */
  value(value: unknown): Promise<void>;
  /** A line on stderr, in either mode. */
  note(line: string): void;
  /** A refusal on stderr. */
  error(line: string): void;
}

const NO_TERMINAL_WIDTH = 100;

export function output(json: boolean, env: NodeJS.ProcessEnv, stdout: Stream, stderr: Stream): Output {
  const wanted = env.NO_COLOR === undefined || env.NO_COLOR === '';
  const paint = pc.createColors(wanted && stdout.isTTY === true && !json);
  const alert = pc.createColors(wanted && stderr.isTTY === true);
  return {
    json,
    paint,
    width: stdout.columns ?? NO_TERMINAL_WIDTH,
    terminal: stdout.isTTY === true,
    print: (...lines) => {
      if (!json && lines.length > 0) stdout.write(`${lines.join('\n')}\n`);
    },
    value: async (value) => {
      if (json && !stdout.write(`${JSON.stringify(value)}\n`)) {
        await new Promise<void>((resolve) => {
          stdout.once('drain', resolve);
        });
      }
    },
    note: (line) => {
      stderr.write(`${line}\n`);
    },
    error: (line) => {
      stderr.write(`${alert.red(line)}\n`);
    },
  };
}
