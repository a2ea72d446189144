/** `veneer diff A B`: what differs between two positions, of one machine or of two. */
import type { Command } from 'commander';
import { type Place, type PositionText, permalink, positionText } from '../../../protocol/position.ts';
import type { DiffAnswer } from '../../../protocol/view/diff-form.ts';
import { position } from '../arguments.ts';
import { type Context, theMachine, withClient } from '../context.ts';
import { CliFailure, EXIT, type ExitCode } from '../failure.ts';
import { diffLines } from '../format/diff.ts';
import { type AddCommand, examples } from './registry.ts';

/** Lines of each kind that are shown without `--all`. */
const SHOWN = 20;

export const addDiff: AddCommand = (program, go) => {
  program
    .command('diff')
    .summary('tell what differs between two positions')
    .description(
      'Says what differs between two positions of one machine, or of two machines named by permalinks: modules loaded, ' +
        'unloaded, moved, veneers, how full the windows are, keys, sites by class, trampolines, counters. The exit code ' +
        'is that of diff(1): 0 where they are equal, 1 where they differ, 2 where that could not be found out.',
    )
    .argument('<from>', 'N, -N, EPOCH:N, @BOOKMARK or MACHINE@EPOCH:N', position)
    .argument('<to>', 'the same, of this or another machine', position)
    .option('--all', `every line, not the first ${SHOWN} of a kind`)
    .addHelpText(
      'after',
      examples(
        'veneer diff @before-oom -0',
        'veneer diff -1 -0 --json',
        'veneer diff demo@k3x7m2pq:812 what-if@k3x9a1bc:812',
      ),
    )
    .action((from: PositionText, to: PositionText, options: { all?: true }, command: Command) =>
      go(command, (context) => diff(context, from, to, options.all === true)),
    );
};

async function diff(context: Context, from: PositionText, to: PositionText, all: boolean): Promise<ExitCode> {
  const { out } = context;
  const answer = await ask(context, from, to).catch((error: unknown) => {
    // 1 says that they differ.
    if (error instanceof CliFailure && error.exit === EXIT.refused) {
      throw new CliFailure(EXIT.usage, error.code, error.message);
    }
    throw error;
  });
  await out.value(answer);
  const title = (place: Place): string => out.paint.bold(permalink(place));
  out.print(`${title(answer.from)} -> ${title(answer.to)}`);
  if (answer.diff.equal) {
    out.print('nothing differs');
    return EXIT.ok;
  }
  out.print(...diffLines(answer.diff, all ? Number.POSITIVE_INFINITY : SHOWN, out.paint));
  return EXIT.refused;
}

/** A permalink names its machine itself; what names none is of the machine of `-m`, else of the permalink beside it. */
function ask(context: Context, from: PositionText, to: PositionText): Promise<DiffAnswer> {
  const link = [from, to].find((each) => each.form === 'link');
  const told = context.machineOfEnvironment ? undefined : context.options.machine;
  return withClient(context, async (client) => {
    const machine = await theMachine(context, client, told === undefined ? link : undefined);
    return machine.diff(positionText(from), positionText(to));
  });
}
