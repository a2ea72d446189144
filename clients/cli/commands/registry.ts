/** How a command is put on the program: each file of this folder adds its own. */
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import type { ExitCode } from '../failure.ts';

/** Without an exit code it went well. */
export type Action = (context: Context) => Promise<ExitCode> | Promise<void>;

/** Runs `action` with the context that the command line of `command` asks for. */
export type Go = (command: Command, action: Action) => Promise<void>;

export type AddCommand = (program: Command, go: Go) => void;

/** Help text with examples, as every command has it. */
export function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ ${line}`).join('\n')}`;
}
