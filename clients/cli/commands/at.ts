/** Questions about the past: `--at POSITION`, which every question has, and `veneer at POSITION QUESTION`, which is the same. */
import { type Command, Option } from 'commander';
import type { Position } from '../../../protocol/commit.ts';
import { type Place, type PositionText, positionText } from '../../../protocol/position.ts';
import type { At, MachineHandle } from '../../sdk/types.ts';
import { position } from '../arguments.ts';
import { type Context, theMachine, withClient } from '../context.ts';
import { usage } from '../failure.ts';
import { type AddCommand, examples } from './registry.ts';

export interface AtOption {
  readonly at?: PositionText;
}

export const at = (): Option =>
  new Option('--at <position>', 'as it was then: N, -N, EPOCH:N, @BOOKMARK or MACHINE@EPOCH:N').argParser(position);

/** Asks the machine, at the position that the option says; the answer's position then names the machine as well. */
export function asking<T extends { readonly position: Position }>(
  context: Context,
  { at: asked }: AtOption,
  ask: (machine: MachineHandle, at: At) => Promise<T>,
): Promise<Omit<T, 'position'> & { readonly position: Place }> {
  return withClient(context, async (client) => {
    const machine = await theMachine(context, client, asked);
    const answer = await ask(machine, asked === undefined ? {} : { at: positionText(asked) });
    return { ...answer, position: { machine: machine.name, ...answer.position } };
  });
}

const takesAt = ({ options }: Command): boolean => options.some(({ long }) => long === '--at');

export const addAt: AddCommand = (program) => {
  program
    .command('at')
    .summary('ask any question of the past')
    .description(
      'Runs a question as of a position of the log: a commit number, -N for N commits before the newest, EPOCH:N, ' +
        '@BOOKMARK, or a permalink MACHINE@EPOCH:N, which names the machine as well. The same as --at after the question.',
    )
    .argument('<position>', 'N, -N, EPOCH:N, @BOOKMARK or MACHINE@EPOCH:N')
    .argument('<question...>', 'a command that takes --at, with its arguments')
    .allowUnknownOption()
    .addHelpText(
      'after',
      examples(
        'veneer at -100 modules',
        'veneer at @before-oom map',
        'veneer at demo@k3x7m2pq:812 why 0xffff800000d01004',
        'veneer at 12 stats --json',
      ),
    )
    .action(async (when: string, [name = '', ...rest]: string[]) => {
      const questions = program.commands.filter(takesAt);
      const question = questions.find((each) => each.name() === name);
      const names = questions.map((each) => each.name()).join(', ');
      if (!question) throw usage(`${name} is no question about the past; these are: ${names}`);
      if (rest.some((word) => word === '--at' || word.startsWith('--at='))) {
        throw usage(`at ${when} ${name} --at: one position is enough`);
      }
      await question.parseAsync([`--at=${when}`, ...rest], { from: 'user' });
    });
};
