/** The command lines of `veneer record` and `veneer replay`; the work is in record.ts and replay.ts. */
import { type Command, Option } from 'commander';
import { speed } from '../arguments.ts';
import type { RecordOptions } from './record.ts';
import { type AddCommand, examples } from './registry.ts';
import type { ReplayOptions } from './replay.ts';

export const addSessions: AddCommand = (program, go) => {
  program
    .command('record')
    .summary("write a machine's log to a session file")
    .description(
      "Writes the machine's log from its first commit to a session file (*.veneer.jsonl, or *.veneer.jsonl.gz) and " +
        'follows it until Ctrl-C, which ends the file properly. Of a machine whose oldest commits were trimmed the file is a ' +
        'segment, which `veneer session merge` joins with the archive.',
    )
    .argument('<file>')
    .option('--until-live', 'stop when all that has happened so far is written')
    .option('--resume', 'go on with a recording that was interrupted, from its last whole commit')
    .option('--about <text>', 'what the recording shows, for the header of the file')
    .option('--force', 'overwrite the file if it exists')
    .addHelpText(
      'after',
      examples(
        'veneer record lab.veneer.jsonl.gz --until-live',
        'veneer record lab.veneer.jsonl',
        'veneer record lab.veneer.jsonl --resume',
      ),
    )
    .action((file: string, options: RecordOptions, command: Command) =>
      go(command, async (context) => (await import('./record.ts')).record(context, file, options)),
    );
  program
    .command('replay')
    .summary('replay a session file into a new machine')
    .description(
      'Makes a new machine of a session file; no module files are needed. Ends with the digest of its state, which ' +
        'equals the recorded one.',
    )
    .argument('<file>')
    .option('--into <name>', 'the name of the new machine; that of the recorded one unless told')
    .option('--resume', 'go on with a machine that a replay of this file has left behind')
    .addOption(
      new Option('--speed <speed>', 'instant, original, or a factor of the original such as x10')
        .argParser(speed)
        .default(0, 'instant'),
    )
    .addHelpText(
      'after',
      examples(
        'veneer replay lab.veneer.jsonl.gz',
        'veneer replay lab.veneer.jsonl --into again --speed x10',
        'veneer replay lab.veneer.jsonl --into again --resume',
      ),
    )
    .action((file: string, options: ReplayOptions, command: Command) =>
      go(command, async (context) => (await import('./replay.ts')).replay(context, file, options)),
    );
};
