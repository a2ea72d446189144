/** How a command ends badly: the exit code, and the words that a person gets on stderr. */

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
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const words: Record<string, string> = {
    ENOENT: 'no such file or folder',
    EACCES: 'permission denied',
    EISDIR: 'is a folder',
    ENOTDIR: 'a part of the path is not a folder',
    EEXIST: 'exists already; --force overwrites it',
    ENOSPC: 'no space left on the device',
  };
  const text = words[code] ?? (error instanceof Error ? error.message : String(error));
  return new CliFailure(EXIT.usage, 'file', `${file}: ${text}`);
}
