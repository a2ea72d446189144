/** How a command ends badly: the exit code, and the words that a person gets on stderr. */
import { fileWords } from '../../daemon/headless/file-words.ts';

export const EXIT = {
  ok: 0,
  /** The kernel or the daemon refused. */
  refused: 1,
  /** The command line, or a file that it names, makes no sense. */
  usage: 2,
  /** No daemon answers. */
  unreachable: 3,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export class CliFailure extends Error {
  readonly exit: ExitCode;
  /** Kebab-case, for scripts: stands in the JSON that `--json` prints. */
  readonly code: string;

  constructor(exit: ExitCode, code: string, message: string) {
    super(message);
    this.name = 'CliFailure';
    this.exit = exit;
    this.code = code;
  }
}

export function usage(message: string): CliFailure {
  return new CliFailure(EXIT.usage, 'usage', message);
}

export function refused(code: string, message: string): CliFailure {
  return new CliFailure(EXIT.refused, code, message);
}

/** What the system says of a file, with the file's name in it. */
export function fileFailure(file: string, error: unknown): CliFailure {
  const exists = error instanceof Error && 'code' in error && error.code === 'EEXIST';
  const text = exists ? 'exists already; --force overwrites it' : fileWords(error);
  return new CliFailure(EXIT.usage, 'file', `${file}: ${text}`);
}
