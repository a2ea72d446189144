/** The command lines of `veneer session …`: what can be done with session files, without a daemon. The work is in ../session. */
import type { Command } from 'commander';
import type { CutCommandOptions } from '../session/cut.ts';
import type { MergeOptions } from '../session/merge.ts';
import type { ValidateOptions } from '../session/validate.ts';
import { type AddCommand, examples } from './registry.ts';

export const addSession: AddCommand = (program, go) => {
  const session = program
    .command('session')
    .summary('inspect, check, cut and join session files')
    .description('Works on session files, plain or gzipped, of any size and without a daemon.')
    .addHelpText('after', examples('veneer session info lab.veneer.jsonl.gz', 'veneer session --help'));

  session
    .command('info')
    .summary('say what is in session files')
    .description(
      'Header, commits, time, modules, loads and failures, digest, and whether the file is whole. `-` is the standard input. ' +
        'With --json: a line for each file.',
    )
    .argument('<file...>')
    .addHelpText(
      'after',
      examples('veneer session info lab.veneer.jsonl.gz', 'veneer session info - < lab.veneer.jsonl'),
    )
    .action((files: readonly string[], _options: unknown, command: Command) =>
      go(command, async (context) => (await import('../session/info.ts')).info(context, files)),
    );

  session
    .command('validate')
    .summary('check every line of session files')
    .description(
      'Checks every line by its schema, the numbering, command ids, that the commits fit each other, and the digest. Says at ' +
        'which line a file stops being whole and what was expected there; the exit code is then 1.',
    )
    .argument('<file...>')
    .option('--salvage <file>', 'write what is whole, ended by a footer of its own')
    .option('--force', 'overwrite that file if it exists')
    .addHelpText(
      'after',
      examples(
        'veneer session validate lab.veneer.jsonl.gz',
        'veneer session validate broken.veneer.jsonl --salvage whole.veneer.jsonl',
      ),
    )
    .action((files: readonly string[], options: ValidateOptions, command: Command) =>
      go(command, async (context) => (await import('../session/validate.ts')).validate(context, files, options)),
    );

  session
    .command('cut')
    .summary('take some commits of a session')
    .description(
      'Writes the commits from one position to another, both included. A piece that begins with commit 1 is a session; any ' +
        'other one is a segment, which names the digest of the view before it and which `merge` joins again.',
    )
    .argument('<file>')
    .option(
      '--from <position>',
      'its first commit: a number, @BOOKMARK, or -N, which is N before the last; 1 unless told',
    )
    .option('--to <position>', 'its last commit; the last of the file unless told')
    .requiredOption('-o, --out <file>', 'where to')
    .option('--force', 'overwrite that file if it exists')
    .addHelpText(
      'after',
      examples(
        'veneer session cut lab.veneer.jsonl.gz --to 100 -o start.veneer.jsonl.gz',
        'veneer session cut lab.veneer.jsonl.gz --from @before-oom -o tail.veneer.jsonl.gz',
      ),
    )
    .action((file: string, options: CutCommandOptions, command: Command) =>
      go(command, async (context) => (await import('../session/cut.ts')).cut(context, file, options)),
    );

  session
    .command('merge')
    .summary('join segments of one log')
    .description(
      'Joins files that hold pieces of one log, in any order: from `cut`, from the archive of a daemon that trims, or from its ' +
        'export. They have to be of one machine and epoch, without a gap, and the same where they overlap.',
    )
    .argument('<file...>')
    .requiredOption('-o, --out <file>', 'where to')
    .option('--force', 'overwrite that file if it exists')
    .addHelpText('after', examples('veneer session merge archive/demo@* rest.veneer.jsonl -o whole.veneer.jsonl.gz'))
    .action((files: readonly string[], options: MergeOptions, command: Command) =>
      go(command, async (context) => (await import('../session/merge.ts')).merge(context, files, options)),
    );
};
